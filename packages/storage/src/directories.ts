import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The directories below a root, made so that their names outlive a power cut. */
export interface Directories {
  /** Makes a directory and its parents, and their names safe: a new name is once the directory that holds it is synced. */
  make(path: string): Promise<void>
  /** Makes the names in a directory safe. Who asks while it is being synced shares the sync after that one. */
  sync(path: string): Promise<void>
  /** Says that a directory is gone. */
  forget(path: string): void
  /** Says that a directory is gone, and so may be those it was in. */
  forgetAll(path: string): void
}

/** How many directories are remembered as safe. One that is forgotten costs a sync more. */
const REMEMBERED = 10_000

/** @param root is made if missing, readable by its owner only. */
export async function createDirectories(root: string): Promise<Directories> {
  /** By path; settles when its name is safe. */
  const safe = new Map<string, Promise<void>>()
  const syncing = new Map<string, Promise<void>>()
  const syncNext = new Map<string, Promise<void>>()

  function sync(path: string): Promise<void> {
    const waiting = syncNext.get(path)
    if (waiting) return waiting
    const before = syncing.get(path)
    const run = async () => {
      await before?.catch(() => undefined)
      syncNext.delete(path)
      const now = syncNow(path)
      syncing.set(path, now)
      await now.finally(() => {
        if (syncing.get(path) === now) syncing.delete(path)
      })
    }
    const next = run()
    syncNext.set(path, next)
    return next
  }

  /** Who finds a directory there must not trust its name: who made it may be syncing it still, or have died before. */
  function makeSafe(path: string): Promise<void> {
    const known = safe.get(path)
    if (known) return known
    const now = sync(dirname(path))
    safe.set(path, now)
    now.catch(() => safe.delete(path))
    for (const oldest of safe.keys()) {
      if (safe.size <= REMEMBERED) break
      safe.delete(oldest)
    }
    return now
  }

  const levels = (path: string): string[] => {
    const found: string[] = []
    for (let level = path; level !== root; level = dirname(level)) found.push(level)
    return found
  }

  const first = await mkdir(root, { recursive: true, mode: 0o700 })
  if (first !== undefined) {
    for (let made = root; made.length >= first.length; made = dirname(made)) await syncNow(dirname(made))
  }
  return {
    sync,
    async make(path) {
      if (!safe.has(path)) await mkdir(path, { recursive: true, mode: 0o700 })
      await Promise.all(levels(path).map(makeSafe))
    },
    forget: (path) => void safe.delete(path),
    forgetAll(path) {
      for (const level of levels(path)) safe.delete(level)
    },
  }
}

async function syncNow(path: string): Promise<void> {
  await using directory = await open(path)
  await directory.sync()
}
