import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, opendir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import { checkKey, checkPrefix } from './key.ts'
import { type Storage, StorageError, type StoredObject } from './storage.ts'

/** Where objects are while they are written: beside the others, so that a rename moves them; no key begins with a dot. */
const UNFINISHED = '.unfinished'
/** After this long without a further byte, an unfinished object belongs to a process that was killed. */
const ABANDONED_MS = 3_600_000
/** How much of a buffer is hashed and written at a time: at most a millisecond of the event loop. */
const CHUNK_BYTES = 256 * 1024

/**
 * Keeps objects as files below `directory`, which is made if missing, readable by its owner only. An object is written
 * aside, synced, renamed into place, and its directory synced: after a power cut it is there whole, or not at all.
 *
 * @throws {StorageError} `unavailable` or `full` when the directory cannot be made or swept.
 */
export async function createDiskStorage(directory: string): Promise<Storage> {
  const root = resolve(directory)
  const unfinished = join(root, UNFINISHED)
  await makeDirectory(unfinished).catch(refuse)
  await sweep(unfinished).catch(refuse)

  const pathOf = (key: string): string => {
    checkKey(key)
    return join(root, key)
  }

  return {
    async put(key, body, { signal } = {}) {
      const path = pathOf(key)
      signal?.throwIfAborted()
      const aside = join(unfinished, randomUUID())
      try {
        const stored = await write(aside, body, signal)
        await moveInto(aside, path).catch(refuse)
        return stored
      } catch (error) {
        await rm(aside, { force: true })
        throw error
      }
    },

    async read(key, range) {
      const path = pathOf(key)
      if (range && !(range.start >= 0 && range.end >= range.start)) {
        throw new RangeError(`${range.start}-${range.end} is no range of bytes`)
      }
      const file = await open(path).catch(ignoreMissing).catch(refuse)
      const found = await file?.stat()
      if (!file || !found?.isFile()) {
        await file?.close()
        throw new StorageError('missing', 'There is no such object')
      }
      // An inclusive range cannot be empty, and a file stream refuses one that begins behind the end.
      if (found.size === 0 || (range && range.start >= found.size)) {
        await file.close()
        return Readable.from([])
      }
      return file.createReadStream({ ...range })
    },

    async size(key) {
      const found = await stat(pathOf(key)).catch(ignoreMissing).catch(refuse)
      return found?.isFile() ? found.size : null
    },

    async remove(keys) {
      for (const path of keys.map(pathOf)) {
        await rm(path, { force: true }).catch(ignoreMissing).catch(refuse)
        await removeEmpty(dirname(path), root)
      }
    },

    async *list(prefix) {
      checkPrefix(prefix)
      for await (const key of walk(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix)) {
        const found = await stat(join(root, key)).catch(ignoreMissing).catch(refuse)
        if (found?.isFile()) yield { key, bytes: found.size, modifiedAt: found.mtime }
      }
    },

    async link(key) {
      checkKey(key)
      return null
    },
  }
}

/** Writes and syncs a new file. What `body` throws is thrown as it is: it is not the disk's fault. */
async function write(path: string, body: Uint8Array | Readable, signal?: AbortSignal): Promise<StoredObject> {
  await using file = await open(path, 'wx', 0o600).catch(refuse)
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of pieces(body, signal)) {
    hash.update(chunk)
    await file.writeFile(chunk).catch(refuse)
    bytes += chunk.byteLength
  }
  await file.sync().catch(refuse)
  return { bytes, sha256: hash.digest('hex') }
}

/** The body in pieces; ends with the signal's reason, even while a stream has nothing to say. */
async function* pieces(body: Uint8Array | Readable, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let start = 0; start < body.byteLength; start += CHUNK_BYTES) {
      signal?.throwIfAborted()
      yield body.subarray(start, start + CHUNK_BYTES)
    }
    return
  }
  try {
    for await (const chunk of signal ? addAbortSignal(signal, body) : body) {
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

async function moveInto(aside: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeDirectory(dirname(path))
      await rename(aside, path)
      break
    } catch (error) {
      // A removal next to us may have taken the directory away again, which was empty until now.
      if (!isMissing(error) || attempt === 10) throw error
    }
  }
  await syncDirectory(dirname(path)).catch(ignoreMissing)
}

/** Makes a directory and its parents so that they outlive a power cut: a new name is safe once its parent is synced. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

/** Syncs of directories under way and those that wait for them, by path. */
const syncing = new Map<string, Promise<void>>()
const syncNext = new Map<string, Promise<void>>()

/** Makes the names in a directory safe. Who asks while it is being synced shares the sync after that one. */
function syncDirectory(path: string): Promise<void> {
  const waiting = syncNext.get(path)
  if (waiting) return waiting
  const before = syncing.get(path)
  const sync = async () => {
    await before?.catch(() => undefined)
    syncNext.delete(path)
    const now = syncNow(path)
    syncing.set(path, now)
    await now.finally(() => {
      if (syncing.get(path) === now) syncing.delete(path)
    })
  }
  const next = sync()
  if (before) syncNext.set(path, next)
  return next
}

async function syncNow(path: string): Promise<void> {
  await using directory = await open(path)
  await directory.sync()
}

async function removeEmpty(from: string, root: string): Promise<void> {
  for (let path = from; path !== root; path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}

async function sweep(unfinished: string): Promise<void> {
  for (const name of await readdir(unfinished)) {
    const path = join(unfinished, name)
    const found = await stat(path).catch(ignoreMissing)
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true })
  }
}

async function* walk(root: string, below: string, prefix: string): AsyncGenerator<string> {
  const directory = await opendir(join(root, below)).catch(ignoreMissing).catch(refuse)
  if (!directory) return
  for await (const entry of directory) {
    const key = below + entry.name
    if (entry.name === UNFINISHED || !key.startsWith(prefix)) continue
    if (entry.isDirectory()) yield* walk(root, `${key}/`, prefix)
    else yield key
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ERR_FS_EISDIR'].includes(Object(error).code)
}

function refuse(cause: unknown): never {
  throw ['ENOSPC', 'EDQUOT'].includes(Object(cause).code)
    ? new StorageError('full', 'The disk is full', { cause })
    : new StorageError('unavailable', 'The disk cannot be used', { cause })
}
