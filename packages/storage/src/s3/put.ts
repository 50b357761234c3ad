import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { pieces } from '../pieces.ts'
import { StorageError, type StoredObject } from '../storage.ts'
import { type Bucket, timeFor } from './bucket.ts'
import { toStorageError } from './failure.ts'
import { beginMultipart, type Multipart } from './multipart.ts'
import type { TakePlace } from './places.ts'

/** The smallest that S3 takes, but for the last. At most 10,000 of them: objects of up to 48 GiB, weeks of audio. */
const PART_BYTES = 5 * 1024 * 1024
/** An object that grows beyond this takes a place, so that not all that are written at once hold parts in memory. */
const SMALL_BYTES = 1024 * 1024
/**
 * An upload in parts that takes longer is given up. S3 says of an object that it is as old as its upload's beginning, and a
 * sweep that finds an old object which no row names takes it for an orphan.
 */
const LONGEST_MS = 50 * 60_000
/** How long who waits for the end of a failed write also waits until what was sent is gone. */
const CLEAR_MS = 5_000

/** Writes an object: in one request when it is small, else in parts, of which two are in memory at a time. */
export async function putObject(
  bucket: Bucket,
  takePlace: TakePlace,
  key: string,
  body: Uint8Array | Readable,
  given?: AbortSignal,
): Promise<StoredObject> {
  const failure = new AbortController()
  const signal = given === undefined ? failure.signal : AbortSignal.any([failure.signal, given])
  const fail = (error: unknown): void => failure.abort(toStorageError(error, bucket, 'write to'))
  const tooLong = setTimeout(
    () => fail(new StorageError('unavailable', 'S3 took too long to take an object')),
    LONGEST_MS,
  )
  const asked = async <T>(request: () => Promise<T>): Promise<T> => {
    try {
      return await orAborted(request, signal)
    } catch (error) {
      // What was aborted ends with why, and not with what the SDK makes of that.
      signal.throwIfAborted()
      throw toStorageError(error, bucket, 'write to')
    }
  }

  const hash = createHash('sha256')
  let bytes = 0
  let gathered = new Gathered()
  let multipart: Promise<Multipart> | undefined
  let release: (() => void) | undefined
  const send = async (part: Uint8Array): Promise<void> => {
    const begin = () => beginMultipart(bucket, key, signal, fail)
    await (await asked(() => (multipart ??= begin()))).send(part)
  }
  try {
    signal.throwIfAborted()
    for await (const chunk of pieces(body, signal)) {
      hash.update(chunk)
      bytes += chunk.byteLength
      gathered.add(chunk)
      if (bytes > SMALL_BYTES) {
        release ??= await takePlace(signal)
        // A body that is all at hand would be hashed in one go, and many of them would hold up everything else.
        await setImmediate()
      }
      while (gathered.bytes >= PART_BYTES) {
        const { part, rest } = gathered.split(PART_BYTES)
        gathered = rest
        await asked(() => send(part))
      }
    }
    signal.throwIfAborted()
    if (multipart === undefined) await asked(() => putWhole(bucket, key, gathered.all(), signal))
    else {
      if (gathered.bytes > 0) await asked(() => send(gathered.all()))
      // Asked without the signal: of what is begun here nobody could say afterwards whether it happened.
      await complete(await multipart, bucket)
    }
    return { bytes, sha256: hash.digest('hex') }
  } catch (error) {
    // Ends what is being sent.
    fail(error)
    if (body instanceof Readable) body.destroy()
    const cleared = multipart?.then((begun) => begun.abort())
    if (cleared) await Promise.race([cleared.catch(() => undefined), delay(CLEAR_MS, undefined, { ref: false })])
    throw error
  } finally {
    clearTimeout(tooLong)
    release?.()
  }
}

async function complete(multipart: Multipart, bucket: Bucket): Promise<void> {
  try {
    await multipart.complete()
  } catch (error) {
    throw toStorageError(error, bucket, 'write to')
  }
}

/** Asks, unless the signal came, and answers unless it comes before. */
async function orAborted<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([ask(), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function putWhole(bucket: Bucket, key: string, bytes: Uint8Array, abortSignal: AbortSignal): Promise<void> {
  await bucket.client.send(
    new PutObjectCommand({
      Bucket: bucket.name,
      Key: bucket.prefix + key,
      Body: bytes,
      ContentLength: bytes.byteLength,
    }),
    { abortSignal, requestTimeout: timeFor(bucket, bytes.byteLength) },
  )
}

/** Chunks that are to become a part. */
class Gathered {
  readonly #chunks: Uint8Array[] = []
  bytes = 0

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.bytes += chunk.byteLength
  }

  all(): Uint8Array {
    const [only] = this.#chunks
    return only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks)
  }

  split(at: number): { part: Uint8Array; rest: Gathered } {
    const all = this.all()
    const rest = new Gathered()
    // A copy, so that the little that is left does not hold on to the part.
    if (all.byteLength > at) rest.add(Uint8Array.prototype.slice.call(all, at))
    return { part: all.subarray(0, at), rest }
  }
}
