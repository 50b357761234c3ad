import { StorageError } from './storage.ts'

/** The disk is full, or this owner's part of it, or what one file may hold is. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** @throws {StorageError} for what a disk refused. */
export function refuse(cause: unknown): never {
  if (cause instanceof StorageError) throw cause
  throw FULL.includes(Object(cause).code)
    ? new StorageError('full', 'The disk is full', { cause })
    : new StorageError('unavailable', 'The disk cannot be used', { cause })
}
