import { Refusal } from '@loqui/core/errors'

/** No space, no quota, or as large as this process may make a file. */
const full: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** @throws {Refusal} `storage_full` where the disk has no room; else what it was given. */
export function refuseFull(error: unknown): never {
  if (!(error instanceof Error && 'code' in error && full.has(error.code))) throw error
  throw new Refusal('storage_full', 'There is no room left on the disk. Try again later.', { cause: error })
}
