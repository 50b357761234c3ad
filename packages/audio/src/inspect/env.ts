import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The ffmpeg of the machine: the first that the search path has, `null` where it has none. */
export function findFfmpeg(searchPath = process.env.PATH ?? ''): string | null {
  const isProgram = (path: string) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  }
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, 'ffmpeg')).find(isProgram) ?? null
}
