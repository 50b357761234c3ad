import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { StartError } from './embedded-error.ts'

/** Replaces a file whole, readable by its owner only. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(aside, text, { mode: 0o600, flag: 'wx', flush: true })
  await rename(aside, path)
}

/** What the file system refused, as a sentence about the directory; any other error as it is. */
export function explainFile(error: unknown, directory: string): unknown {
  switch (Object(error).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StartError(`The disk that holds ${directory} is full: free some space and start again.`, {
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StartError(
        `Loqui may not use ${directory} (${Object(error).code}): start it as the owner of that folder, or set LOQUI_DATA_DIR to one you may write to.`,
        { cause: error },
      )
    // What a recursive mkdir says on a disk that is mounted read-only.
    case 'ENOENT':
      return new StartError(
        `${directory} cannot be made: is its disk read-only? Set LOQUI_DATA_DIR to a folder you may write to.`,
        { cause: error },
      )
    case 'ENOTDIR':
    case 'EEXIST':
      return new StartError(`${directory} cannot be made, because a file stands in its way: move it aside.`, {
        cause: error,
      })
    default:
      return error
  }
}
