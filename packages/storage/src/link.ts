import type { LinkOptions } from './storage.ts'

/** The longest that S3 lets a presigned address live: a week. */
const MAX_SECONDS = 604_800

/** @throws {RangeError} for a time that no store can promise, which is a bug of the caller. */
export function checkLink({ expiresInSeconds }: LinkOptions): void {
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > MAX_SECONDS) {
    throw new RangeError(`a link lives from 1 to ${MAX_SECONDS} whole seconds, not ${expiresInSeconds}`)
  }
}
