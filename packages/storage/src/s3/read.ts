import { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { ByteRange } from '../range.ts'
import { StorageError } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { statusOf, toStorageError } from './failure.ts'

/** Of a stream that is waited for, so much must come while patience lasts; less is as good as nothing. */
const SLOWEST_BYTES_PER_MS = 1

export async function readObject(bucket: Bucket, key: string, range?: ByteRange): Promise<Readable> {
  const command = new GetObjectCommand({
    Bucket: bucket.name,
    Key: bucket.prefix + key,
    ...(range && { Range: `bytes=${range.start}-${range.end}` }),
  })
  try {
    const { Body, ContentLength } = await bucket.reader.send(command)
    if (!(Body instanceof Readable)) throw new StorageError('unavailable', 'S3 answered without an object')
    return watch(Body, ContentLength, bucket)
  } catch (error) {
    // The range begins behind the end.
    if (statusOf(error) === 416) return Readable.from([])
    throw toStorageError(error, bucket, 'read from')
  }
}

/**
 * Passes an object on and sees that it comes: one that stops coming, trickles, breaks off or ends too early ends with a
 * `StorageError`. The time in which the reader does not want more does not count.
 */
function watch(source: Readable, bytes: number | undefined, { patienceMs, place }: Bucket): Readable {
  let received = 0
  let receivedBefore = 0
  let timer: NodeJS.Timeout | undefined
  const fail = (how: string): void => {
    passed.destroy(new StorageError('unavailable', `S3: ${place} ${how}`))
  }
  const look = (): void => {
    if (received - receivedBefore < patienceMs * SLOWEST_BYTES_PER_MS) fail('stopped sending an object')
    else wait()
  }
  const wait = (): void => {
    receivedBefore = received
    clearTimeout(timer)
    timer = setTimeout(look, patienceMs)
  }
  const rest = (): void => {
    clearTimeout(timer)
    timer = undefined
  }
  const passed = new Readable({
    read() {
      if (timer === undefined) wait()
      source.resume()
    },
    destroy(error, done) {
      rest()
      source.destroy()
      done(error)
    },
  })
  source.pause()
  source.on('data', (chunk: Uint8Array) => {
    received += chunk.byteLength
    if (passed.push(chunk)) return
    source.pause()
    rest()
  })
  source.on('end', () => {
    rest()
    if (bytes !== undefined && received !== bytes) fail(`sent ${received} bytes of an object of ${bytes}`)
    else passed.push(null)
  })
  source.on('error', () => fail('broke off sending an object'))
  source.on('close', () => {
    if (!source.readableEnded) fail('broke off sending an object')
  })
  // One that breaks off before anybody reads it, or that nobody reads, ends no process: the stream keeps the error for its reader.
  passed.on('error', () => undefined)
  return passed
}
