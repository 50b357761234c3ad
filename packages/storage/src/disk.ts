import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, opendir, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { createDirectories, type Directories } from './directories.ts'
import { refuse } from './disk-failure.ts'
import { checkKey, checkPrefix, isKey } from './key.ts'
import { checkLink } from './link.ts'
import { pieces } from './pieces.ts'
import { checkRange } from './range.ts'
import { readFile } from './read-file.ts'
import { type Storage, StorageError, type StoredObject } from './storage.ts'
import { writeAt } from './write-at.ts'

/** Where objects are while they are written: beside the others, so that a rename moves them; no key begins with a dot. */
const UNFINISHED = '.unfinished'
/** After this long without a further byte, an unfinished object belongs to a process that was killed. */
const ABANDONED_MS = 3_600_000

/**
 * Keeps objects as files below `directory`, which is made if missing, readable by its owner only. An object is written
 * aside, synced, renamed into place, and its directory synced: after a power cut it is there whole, or not at all.
 *
 * A new object costs at least two syncs, its bytes' and its name's, and one for each directory that is new, which cannot be
 * saved: POSIX promises a name only once the directory that holds it is synced. What can be saved is the wait. The names of
 * new directories are synced while the bytes are, so that a put waits for two syncs in turn however deep its key is; and
 * those that write into one directory at the same time share its sync.
 *
 * @throws {StorageError} `unavailable` or `full` when the directory cannot be made or swept.
 */
export async function createDiskStorage(directory: string): Promise<Storage> {
  const root = resolve(directory)
  const unfinished = join(root, UNFINISHED)
  const directories = await createDirectories(root).catch(refuse)
  await directories.make(unfinished).catch(refuse)
  await sweep(unfinished).catch(refuse)

  const pathOf = (key: string): string => {
    checkKey(key)
    return join(root, key)
  }

  /** One for each key, so that it can be found when whoever opened it is not there any more. */
  const draftOf = (key: string): string => {
    checkKey(key)
    return join(unfinished, `draft-${createHash('sha256').update(key).digest('hex')}`)
  }

  /** Makes a file that is written, and nothing else, an object. */
  const place = async (file: FileHandle, aside: string, path: string): Promise<void> => {
    await Promise.all([file.sync(), directories.make(dirname(path))])
    await moveInto(aside, path, directories)
  }

  return {
    async put(key, body, { signal } = {}) {
      const path = pathOf(key)
      const aside = join(unfinished, randomUUID())
      try {
        signal?.throwIfAborted()
        await using file = await open(aside, 'wx', 0o600).catch(refuse)
        const stored = await write(file, body, signal)
        await place(file, aside, path).catch(refuse)
        return stored
      } catch (error) {
        if (body instanceof Readable) body.destroy()
        // What cannot be removed the sweep will; why it was to be removed is what matters.
        await rm(aside, { force: true }).catch(() => undefined)
        throw error
      }
    },

    async draft(key) {
      const path = pathOf(key)
      const aside = draftOf(key)
      const file = await open(aside, 'wx+', 0o600).catch(refuse)
      let isKept = false
      return {
        file,
        write: (bytes, position) => writeAt(file, bytes, position),
        async keep({ signal } = {}) {
          signal?.throwIfAborted()
          await place(file, aside, path).catch(refuse)
          isKept = true
        },
        async [Symbol.asyncDispose]() {
          await file.close()
          if (!isKept) await rm(aside, { force: true }).catch(() => undefined)
        },
      }
    },

    async read(key, range) {
      const path = pathOf(key)
      if (range) checkRange(range)
      const file = await open(path).catch(ignoreMissing).catch(refuse)
      if (!file) throw missing()
      const found = await file.stat().catch(async (error: unknown) => {
        await file.close()
        return refuse(error)
      })
      if (!found.isFile()) {
        await file.close()
        throw missing()
      }
      const { start = 0, end = found.size - 1 } = range ?? {}
      return readFile(file, { start, end: Math.min(end, found.size - 1) })
    },

    async size(key) {
      const found = await stat(pathOf(key)).catch(ignoreMissing).catch(refuse)
      return found?.isFile() ? found.size : null
    },

    async remove(keys) {
      for (const [path, draft] of keys.map((key) => [pathOf(key), draftOf(key)] as const)) {
        await unlink(draft).catch(ignoreMissing).catch(refuse)
        await rm(path, { force: true }).catch(ignoreMissing).catch(refuse)
        await removeEmpty(dirname(path), root, directories)
      }
    },

    async *list(prefix) {
      checkPrefix(prefix)
      for await (const key of walk(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix)) {
        const found = await stat(join(root, key)).catch(ignoreMissing).catch(refuse)
        if (found?.isFile()) yield { key, bytes: found.size, modifiedAt: found.mtime }
      }
    },

    async link(key, options) {
      checkKey(key)
      checkLink(options)
      return null
    },

    sweepUnfinished: () => sweep(unfinished).catch(refuse),
  }
}

/** Writes a file. What `body` throws is thrown as it is: it is not the disk's fault. */
async function write(
  file: FileHandle,
  body: Uint8Array | Readable,
  signal: AbortSignal | undefined,
): Promise<StoredObject> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of pieces(body, signal)) {
    hash.update(chunk)
    await file.writeFile(chunk).catch(refuse)
    bytes += chunk.byteLength
  }
  return { bytes, sha256: hash.digest('hex') }
}

async function moveInto(aside: string, path: string, directories: Directories): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await directories.make(dirname(path))
      await rename(aside, path)
      break
    } catch (error) {
      // A removal next to us may have taken the directory away again, which was empty until now.
      if (!isMissing(error) || attempt === 10) throw error
      directories.forgetAll(dirname(path))
    }
  }
  await directories.sync(dirname(path)).catch(ignoreMissing)
}

async function removeEmpty(from: string, root: string, directories: Directories): Promise<void> {
  for (let path = from; path !== root; path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!removed) return
    directories.forget(path)
  }
}

async function sweep(unfinished: string): Promise<number> {
  // A disk that takes no file tells no time, and is swept all the same.
  const now = await timeOf(unfinished).catch(() => Date.now())
  let swept = 0
  for (const name of await readdir(unfinished)) {
    const path = join(unfinished, name)
    const found = await stat(path).catch(ignoreMissing)
    if (!found || now - found.mtimeMs <= ABANDONED_MS) continue
    await rm(path, { force: true })
    swept++
  }
  return swept
}

/** The time by the clock that files are dated by, in milliseconds: it need not be this process's. */
async function timeOf(directory: string): Promise<number> {
  const name = join(directory, randomUUID())
  try {
    await using file = await open(name, 'wx', 0o600)
    return (await file.stat()).mtimeMs
  } finally {
    await rm(name, { force: true })
  }
}

async function* walk(root: string, below: string, prefix: string): AsyncGenerator<string> {
  const directory = await opendir(join(root, below)).catch(ignoreMissing).catch(refuse)
  if (!directory) return
  try {
    for await (const entry of directory) {
      const key = below + entry.name
      // What is no key is not ours, such as a file manager's own files.
      if (!isKey(key) || !key.startsWith(prefix)) continue
      if (entry.isDirectory()) yield* walk(root, `${key}/`, prefix)
      else yield key
    }
  } catch (error) {
    refuse(error)
  }
}

const missing = () => new StorageError('missing', 'There is no such object')

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ERR_FS_EISDIR'].includes(Object(error).code)
}
