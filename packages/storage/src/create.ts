import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDiskStorage } from './disk.ts'
import { parseS3Address } from './s3/address.ts'
import { type Storage, StorageError } from './storage.ts'

export interface CreateStorageOptions {
  /** Told in a sentence what is not as it should be, though everything works. */
  readonly onWarning?: (message: string) => void
  /**
   * Where drafts wait that the store itself does not keep: a directory of some size on a disk. Default: that of the system
   * for what is temporary, which may be memory.
   */
  readonly draftDirectory?: string
}

/**
 * Opens the store that STORAGE_URL names: `file:` and a directory, absolute or relative to the working directory, or
 * `s3://bucket/prefix?endpoint=…&region=…`, whose credentials are where the AWS SDK looks for them. Nothing else may lie
 * there: to a sweep it is what somebody left behind.
 *
 * @throws {TypeError} when the address cannot be used; what it says tells nothing of it but what is wrong.
 * @throws {StorageError} when the directory or the bucket cannot be used.
 */
export async function createStorage(url: string, options: CreateStorageOptions = {}): Promise<Storage> {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? []
  switch (rest ? scheme?.toLowerCase() : undefined) {
    case 'file':
      return openDirectory(parseFileAddress(url, rest ?? ''))
    case 's3': {
      const address = parseS3Address(url)
      // The SDK takes a third of a second to load, which only those pay who use it.
      const { createS3Storage } = await import('./s3/s3.ts')
      return createS3Storage(address, { onWarning: () => undefined, ...options })
    }
    default:
      throw new TypeError(
        `STORAGE_URL accepts file: and a directory, such as file:/var/lib/loqui/audio, or s3: and a bucket, such as s3://bucket/prefix?region=eu-central-1, and not ${scheme ? `${scheme}:` : 'an address without a scheme'}`,
      )
  }
}

function parseFileAddress(url: string, path: string): string {
  try {
    // What follows one of these is no part of the path.
    if (!/[?#]/.test(path)) return path.startsWith('/') ? fileURLToPath(url) : resolve(decodeURIComponent(path))
  } catch {
    // Said below.
  }
  throw new TypeError(
    'STORAGE_URL accepts file: and a directory of this machine, in which %, ? and # are written as %25, %3F and %23',
  )
}

async function openDirectory(path: string): Promise<Storage> {
  try {
    return await createDiskStorage(path)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    const message = `STORAGE_URL names a directory that cannot be used: ${path} (${Object(error.cause).code}).`
    throw new StorageError(error.code, message, { cause: error.cause })
  }
}
