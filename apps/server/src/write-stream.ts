import { createHash } from 'node:crypto'
import { writev } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { release } from './release.ts'

export interface Written {
  readonly bytes: number
  /** Lower-case hex SHA-256 of them. */
  readonly sha256: string
}

/** What gathers while the disk is busy, and is then written at once. */
const gatheredBytes = 256 << 10

/**
 * Writes what a stream gives to an open file, as fast as the disk takes it, and hashes it on the way. What it gave belongs to
 * this function then, and to nobody else. Nothing is being written any more once this returns or throws.
 */
export async function writeStream(stream: Readable, file: FileHandle): Promise<Written> {
  const hash = createHash('sha256')
  let bytes = 0
  let writing = Promise.resolve()
  const write = (chunks: readonly Buffer[], done: (error?: Error | null) => void) => {
    for (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
    }
    writing = writeAll(file, chunks).then(() => done(), done)
  }
  const writer = new Writable({
    highWaterMark: gatheredBytes,
    write: (chunk: Buffer, _encoding, done) => write([chunk], done),
    writev: (gathered, done) =>
      write(
        gathered.map(({ chunk }) => chunk),
        done,
      ),
  })
  try {
    await pipeline(stream, writer)
  } finally {
    // What was under way when the stream broke off.
    await writing
  }
  return { bytes, sha256: hash.digest('hex') }
}

function writeAll(file: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    // By callback: the promises of a file's own writes were a third of all the garbage of an upload.
    writev(file.fd, chunks, (error, bytesWritten) => {
      if (error) return reject(error)
      // A disk that is almost full takes a part, and says at the rest why.
      const left = chunks.reduce((sum, { length }) => sum + length, -bytesWritten)
      if (left > 0) return resolve(file.writeFile(Buffer.concat(chunks).subarray(-left)))
      for (const chunk of chunks) release(chunk)
      resolve()
    })
  })
}
