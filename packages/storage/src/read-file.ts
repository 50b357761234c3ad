import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ByteRange } from './range.ts'
import { StorageError } from './storage.ts'

/** How much is read at a time. */
const CHUNK_BYTES = 128 * 1024

/**
 * Reads a range that a file had when it was opened, and closes it. What goes wrong ends the stream with a `StorageError`,
 * and so does a file that has become shorter: its reader must not take that for the end.
 */
export function readFile(file: FileHandle, { start, end }: ByteRange): Readable {
  let position = start
  return new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      if (position > end) return void this.push(null)
      const wanted = Math.min(CHUNK_BYTES, end + 1 - position)
      file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position).then(
        ({ bytesRead, buffer }) => {
          position += bytesRead
          if (bytesRead > 0) this.push(buffer.subarray(0, bytesRead))
          else this.destroy(new StorageError('unavailable', `The file of an object ends after ${position} bytes`))
        },
        (cause) => this.destroy(new StorageError('unavailable', 'The disk cannot be read', { cause })),
      )
    },
    destroy(error, done) {
      file.close().then(
        () => done(error),
        () => done(error),
      )
    },
  })
}
