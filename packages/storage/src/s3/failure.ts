import { StorageError } from '../storage.ts'
import type { Bucket } from './bucket.ts'

/** What S3 says when there is no room, by the names of AWS, MinIO, Ceph and others. */
const FULL = ['InsufficientStorage', 'QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded']

/** What else tells people what to do. */
const advice: Readonly<Record<string, string>> = {
  AccessDenied: 'allow these credentials s3:ListBucket on it, and s3:GetObject, s3:PutObject and s3:DeleteObject in it',
  AllAccessDisabled: 'allow access to it',
  NoSuchBucket: 'make it, or correct its name',
  InvalidBucketName: 'correct its name',
  InvalidAccessKeyId: 'correct AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'correct AWS_SECRET_ACCESS_KEY',
  InvalidToken: 'correct AWS_SESSION_TOKEN',
  ExpiredToken: 'renew AWS_SESSION_TOKEN',
  CredentialsProviderError:
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or any other source of credentials that the AWS SDK knows',
  PermanentRedirect: 'correct the region',
  AuthorizationHeaderMalformed: 'correct the region',
  IllegalLocationConstraintException: 'correct the region',
  RegionMissing: 'add ?region=… to STORAGE_URL, or set AWS_REGION',
  RequestTimeTooSkewed: 'set the clock of this machine right',
}

/**
 * Makes a `StorageError` of what the SDK threw. It does not keep it as its cause: S3 repeats in an answer what it was sent,
 * and with it access keys and session tokens.
 *
 * @param verb what was tried, such as `write to`.
 */
export function toStorageError(error: unknown, bucket: Bucket, verb: string): StorageError {
  if (error instanceof StorageError) return error
  const name = nameOf(error)
  if (name === 'NoSuchKey') return new StorageError('missing', 'There is no such object')
  const status = statusOf(error)
  const what = `cannot ${verb} the bucket ${bucket.name} at ${bucket.place}`
  const because = [status, name].filter((part) => part !== undefined).join(' ')
  const hint = advice[name]
  return new StorageError(
    status === 507 || FULL.includes(name) ? 'full' : 'unavailable',
    `S3: ${what} (${because})${hint === undefined ? '' : `: ${hint}`}`,
  )
}

/** The HTTP status, where there was an answer. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = Object(Object(error).$metadata).httpStatusCode
  return typeof status === 'number' ? status : undefined
}

/** What S3 or the system calls it: one word, and never a sentence, which could hold anything. */
export function nameOf(error: unknown): string {
  const { code, name } = Object(error)
  if (name === 'Error' && /region is missing/i.test(String(Object(error).message))) return 'RegionMissing'
  const found = [code, name].find((word) => typeof word === 'string' && /^[A-Za-z][A-Za-z0-9_]{2,60}$/.test(word))
  return found === undefined || found === 'Error' ? 'UnknownError' : found
}
