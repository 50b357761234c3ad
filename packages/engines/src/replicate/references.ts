import { createHash } from 'node:crypto'
import { EngineError, type Reference } from '../engine.ts'
import { orAborted } from '../or-aborted.ts'
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

interface Upload {
  readonly file: Promise<UploadedFile>
  /** In milliseconds since 1970; endless while it is on its way. */
  livesUntil: number
}

export function createReferences(client: ReplicateClient, mostBytes: number): References {
  const uploads = new Map<string, Upload>()

  function start(reference: Reference): Upload {
    const now = Date.now()
    for (const [sha256, { livesUntil }] of uploads) if (livesUntil <= now) uploads.delete(sha256)
    const file = read(reference, mostBytes).then((whole) => client.upload(whole))
    const upload: Upload = { file, livesUntil: Infinity }
    uploads.set(reference.sha256, upload)
    file.then(
      ({ expires_at }) => {
        upload.livesUntil = (expires_at?.getTime() ?? now + assumedMs) - marginMs
      },
      () => {
        if (uploads.get(reference.sha256) === upload) uploads.delete(reference.sha256)
      },
    )
    return upload
  }

  return {
    async address(reference, signal) {
      signal.throwIfAborted()
      const kept = uploads.get(reference.sha256)
      const { file } = kept && Date.now() < kept.livesUntil ? kept : start(reference)
      return (await orAborted(file, signal)).urls.get
    },
    forget(reference) {
      uploads.delete(reference.sha256)
    },
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
