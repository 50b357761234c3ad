import type { FileHandle } from 'node:fs/promises'
import { refuse } from './disk-failure.ts'

/**
 * Writes all of `bytes` into a file, from `position` on.
 *
 * @throws {StorageError} `full`, `unavailable`.
 */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  // A disk that is almost full takes a part, and says at the rest why.
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written).catch(refuse)
    written += bytesWritten
  }
}
