import { StorageError } from '@loqui/storage/storage'
import { Refusal } from '../errors.ts'

/** What a store that cannot do what it was asked is to whoever asked us; undefined for what is not the store's. */
export function refusalOfStorage(error: unknown): Refusal | undefined {
  if (!(error instanceof StorageError)) return undefined
  switch (error.code) {
    case 'full':
      return new Refusal('storage_full', 'There is no room left to store it. Try again later.', { cause: error })
    case 'unavailable':
      return new Refusal('service_unavailable', 'The storage does not answer right now. Try again in a moment.', {
        retryAfterSeconds: 1,
        cause: error,
      })
    // What should be there and is not is a fault of ours.
    case 'missing':
      return undefined
  }
}
