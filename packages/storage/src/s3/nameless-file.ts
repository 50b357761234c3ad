import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { refuse } from '../disk-failure.ts'

/**
 * Opens a new file that has no name any more: whatever happens to this process, it is gone when it is closed.
 *
 * @throws {StorageError} `full`, `unavailable`.
 */
export async function openNamelessFile(directory: string): Promise<FileHandle> {
  const name = join(directory, `loqui-${randomUUID()}`)
  const file = await open(name, 'wx+', 0o600).catch(refuse)
  try {
    await unlink(name)
    return file
  } catch (error) {
    await file.close()
    return refuse(error)
  }
}
