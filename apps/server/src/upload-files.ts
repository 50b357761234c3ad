import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm, unlink } from 'node:fs/promises'
import path from 'node:path'
import { refuseFull } from './disk-full.ts'

/** Where files wait that are being uploaded: on a disk of ours, since what is temporary for the system may be memory. */
export interface UploadFiles {
  /**
   * A file that is open and has no name any more: whatever happens to this process, it is gone when it is closed.
   *
   * @throws {Refusal} `storage_full`.
   */
  open(): Promise<FileHandle>
}

/** Also removes what was left by a process that was killed between naming a file and taking its name away: nothing of it. */
export async function openUploadFiles(directory: string): Promise<UploadFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  for (const name of await readdir(directory)) await rm(path.join(directory, name), { force: true })
  return {
    async open() {
      const name = path.join(directory, randomUUID())
      const file = await open(name, 'wx+', 0o600).catch(refuseFull)
      try {
        await unlink(name).catch(ignoreMissing)
      } catch (error) {
        await file.close()
        throw error
      }
      return file
    },
  }
}

/** A server that starts meanwhile has taken the name away. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}
