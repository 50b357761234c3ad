import { createHash } from 'node:crypto'
import { EngineError, type Reference } from '../engine.ts'
import type { ReplicateClient } from './client.ts'
import type { UploadedFile } from './prediction.ts'

/** A file has to be there until a prediction that waits has begun. */
const marginMs = 15 * 60_000
/** Where Replicate does not say until when it keeps a file. */
const assumedMs = 3_600_000

/** Recordings that are uploaded once and used while they live. */
export interface References {
  /**
   * Where Replicate finds a recording, uploaded if need be.
   *
   * @throws {EngineError} `invalid_input` for one that is too large, or is not what it says; {ReplicateFailure};
   * the signal's reason; what reading it throws.
   */
  address(reference: Reference, signal: AbortSignal): Promise<string>
  /** Forgets one, so that it is uploaded anew: when a model could not read it. */
  forget(reference: Reference): void
}

export function createReferences(client: ReplicateClient, mostBytes: number): References {
  const uploads = new Map<string, Promise<UploadedFile>>()

  const isAlive = ({ expires_at }: UploadedFile, since: number) =>
    Date.now() < (expires_at?.getTime() ?? since + assumedMs) - marginMs

  function upload(reference: Reference): Promise<UploadedFile> {
    const since = Date.now()
    const uploading = read(reference, mostBytes).then((file) => client.upload(file))
    uploads.set(reference.sha256, uploading)
    const forget = () => uploads.get(reference.sha256) === uploading && uploads.delete(reference.sha256)
    uploading.then((file) => {
      // Looked at when it is asked for next; kept no longer, since nobody may ask again.
      const livesMs = (file.expires_at?.getTime() ?? since + assumedMs) - marginMs - Date.now()
      setTimeout(forget, Math.min(Math.max(0, livesMs), 2 ** 31 - 1)).unref()
    }, forget)
    return uploading
  }

  return {
    async address(reference, signal) {
      signal.throwIfAborted()
      const kept = await uploads.get(reference.sha256)?.catch(() => undefined)
      const file = kept && isAlive(kept, Date.now()) ? kept : await orAborted(upload(reference), signal)
      return file.urls.get
    },
    forget(reference) {
      uploads.delete(reference.sha256)
    },
  }
}

/** Whoever leaves does not keep others from the upload they wait for, too. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: left, reject } = Promise.withResolvers<never>()
  const leave = () => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([promise, left])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

/** Replicate's client takes a file whole; a `File` keeps its type. */
async function read({ open, sha256, contentType }: Reference, mostBytes: number): Promise<File> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of await open()) {
    bytes += chunk.byteLength
    if (bytes > mostBytes) throw refuse(`it has more than ${mostBytes} bytes`)
    hash.update(chunk)
    chunks.push(new Uint8Array(chunk))
  }
  // It would be found under this hash by everybody else.
  if (hash.digest('hex') !== sha256) throw refuse('it is not the one with its hash')
  const extension = /^audio\/(?:x-)?(\w+)/.exec(contentType)?.[1] ?? 'bin'
  return new File(chunks, `${sha256.slice(0, 16)}.${extension}`, { type: contentType })
}

const refuse = (what: string) =>
  new EngineError(`reference: the recording cannot be used: ${what}.`, { code: 'invalid_input', retryable: false })
