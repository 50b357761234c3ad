import type { ServerResponse } from 'node:http'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { release } from './release.ts'

/** A chunk is with the connection, and the stream has the next one: a reader that stalls, as players do, holds no more. */
const aheadBytes = 1

/**
 * Sends what a stream gives as the body of an answer, as fast as its reader takes it, and ends the answer. What it gave belongs
 * to this function then, and to nobody else.
 *
 * @param bytes how many were promised; `null` when nobody knows
 * @throws {Error} at the end of fewer or more bytes than were promised, whatever the stream ends with, or when the reader leaves.
 */
export async function sendStream(stream: Readable, res: ServerResponse, bytes: number | null): Promise<void> {
  let sent = 0
  const sender = new Writable({
    highWaterMark: aheadBytes,
    write(chunk: Uint8Array, _encoding, done) {
      sent += chunk.byteLength
      if (bytes !== null && sent > bytes) return done(new Error(`the object has more than ${bytes} bytes`))
      res.write(chunk, (error) => {
        release(chunk)
        done(error)
      })
    },
    final(done) {
      if (bytes !== null && sent !== bytes) return done(new Error(`the object ends after ${sent} of ${bytes} bytes`))
      res.end(() => done())
    },
  })
  if (res.destroyed) {
    stream.destroy()
    throw left()
  }
  // Of a write that its connection did not live to finish nobody may be told.
  const leave = () => sender.destroy(left())
  res.once('close', leave)
  try {
    await pipeline(stream, sender)
  } finally {
    res.off('close', leave)
  }
}

const left = () => new Error('the reader left')
