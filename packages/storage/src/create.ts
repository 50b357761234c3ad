import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDiskStorage } from './disk.ts'
import type { Storage } from './storage.ts'

/**
 * Opens the store that STORAGE_URL names: `file:` and a directory, absolute or relative to the working directory.
 *
 * @throws {TypeError} when the address is of another kind; what it says names the kind only, since the rest may hold a secret.
 * @throws {StorageError} when the directory cannot be used.
 */
export function createStorage(url: string): Promise<Storage> {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? []
  if (scheme?.toLowerCase() !== 'file' || !rest) {
    throw new TypeError(
      `STORAGE_URL accepts file: and a directory, such as file:/var/lib/loqui/audio, and not ${scheme ? `${scheme}:` : 'an address without a scheme'}`,
    )
  }
  return createDiskStorage(rest.startsWith('/') ? fileURLToPath(url) : resolve(decodeURIComponent(rest)))
}
