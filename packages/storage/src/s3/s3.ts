import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { refuse } from '../disk-failure.ts'
import { checkKey, checkPrefix, isKey } from '../key.ts'
import { checkLink } from '../link.ts'
import { checkRange } from '../range.ts'
import { type Storage, StorageError } from '../storage.ts'
import { writeAt } from '../write-at.ts'
import type { S3Address } from './address.ts'
import { type Bucket, openBucket } from './bucket.ts'
import { checkBucket } from './check.ts'
import { statusOf, toStorageError } from './failure.ts'
import { ensureLifecycle } from './lifecycle.ts'
import { openNamelessFile } from './nameless-file.ts'
import { createPlaces } from './places.ts'
import { putObject } from './put.ts'
import { readObject } from './read.ts'
import { abortUnfinished } from './unfinished.ts'

export interface S3Options {
  /** Told in a sentence what is not as it should be, though everything works. */
  readonly onWarning: (message: string) => void
  /** How long S3 may be silent while it is waited for, in milliseconds. */
  readonly patienceMs?: number
  /** As `CreateStorageOptions` has it. */
  readonly draftDirectory?: string
}

/** What one request may remove. */
const REMOVED_AT_ONCE = 1_000
/** Objects of more than a megabyte that are written at once. Two parts of each are in memory: 60 MiB in all. */
const LARGE_AT_ONCE = 6
/** How much is read of a draft at a time. */
const DRAFT_CHUNK_BYTES = 256 * 1024

/**
 * Keeps objects in a bucket of S3 or of a store that speaks it.
 *
 * @throws {StorageError} when the bucket cannot be used, in a sentence for who has set STORAGE_URL.
 */
export async function createS3Storage(
  address: S3Address,
  { onWarning, patienceMs = 10_000, draftDirectory = tmpdir() }: S3Options,
): Promise<Storage> {
  const bucket = openBucket(address, patienceMs)
  const { client, reader, name, prefix } = bucket
  const takePlace = createPlaces(LARGE_AT_ONCE)
  await mkdir(draftDirectory, { recursive: true, mode: 0o700 }).catch(refuse)
  await checkBucket(bucket)
  const obstacle = await ensureLifecycle(bucket)
  if (obstacle !== null) onWarning(obstacle)

  return {
    async put(key, body, { signal } = {}) {
      checkKey(key)
      return putObject(bucket, takePlace, key, body, signal)
    },

    async draft(key) {
      checkKey(key)
      const file = await openNamelessFile(draftDirectory)
      return {
        file,
        write: (bytes, position) => writeAt(file, bytes, position),
        async keep({ signal } = {}) {
          const body = file.createReadStream({ start: 0, autoClose: false, highWaterMark: DRAFT_CHUNK_BYTES })
          await putObject(bucket, takePlace, key, body, signal)
        },
        [Symbol.asyncDispose]: () => file.close(),
      }
    },

    async read(key, range) {
      checkKey(key)
      if (range) checkRange(range)
      return readObject(bucket, key, range)
    },

    async size(key) {
      checkKey(key)
      try {
        const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: name, Key: prefix + key }))
        if (ContentLength === undefined) throw new StorageError('unavailable', 'S3 answered without a size')
        return ContentLength
      } catch (error) {
        if (statusOf(error) !== 404) throw toStorageError(error, bucket, 'read from')
        await requireBucket(bucket)
        return null
      }
    },

    async remove(keys) {
      for (const key of keys) checkKey(key)
      for (let start = 0; start < keys.length; start += REMOVED_AT_ONCE) {
        await removeBatch(bucket, keys.slice(start, start + REMOVED_AT_ONCE))
      }
    },

    async *list(below) {
      checkPrefix(below)
      try {
        for await (const { Contents = [] } of paginateListObjectsV2(
          { client },
          { Bucket: name, Prefix: prefix + below },
        )) {
          for (const { Key, Size, LastModified } of Contents) {
            const key = Key?.slice(prefix.length)
            // What is no key is not ours.
            if (key === undefined || !isKey(key) || Size === undefined || LastModified === undefined) continue
            yield { key, bytes: Size, modifiedAt: LastModified }
          }
        }
      } catch (error) {
        throw toStorageError(error, bucket, 'list')
      }
    },

    async link(key, options) {
      checkKey(key)
      checkLink(options)
      const command = new GetObjectCommand({
        Bucket: name,
        Key: prefix + key,
        ResponseContentType: options.contentType,
        ResponseContentDisposition: options.contentDisposition,
      })
      try {
        return await getSignedUrl(reader, command, { expiresIn: options.expiresInSeconds })
      } catch (error) {
        throw toStorageError(error, bucket, 'sign an address in')
      }
    },

    sweepUnfinished: () => abortUnfinished(bucket),
  }
}

async function removeBatch(bucket: Bucket, keys: readonly string[]): Promise<void> {
  const Objects = keys.map((key) => ({ Key: bucket.prefix + key }))
  try {
    const { Errors = [] } = await bucket.client.send(
      new DeleteObjectsCommand({ Bucket: bucket.name, Delete: { Objects, Quiet: true } }),
    )
    const refused = Errors.find(({ Code }) => Code !== 'NoSuchKey')
    if (refused) throw Object.assign(new Error(), { name: refused.Code })
  } catch (error) {
    throw toStorageError(error, bucket, 'remove from')
  }
}

/** To a question for an object a bucket that is not there answers as one that does not have it. */
async function requireBucket(bucket: Bucket): Promise<void> {
  try {
    await bucket.client.send(new HeadBucketCommand({ Bucket: bucket.name }))
  } catch (error) {
    if (statusOf(error) !== 404) throw toStorageError(error, bucket, 'find')
    throw toStorageError(
      Object.assign(new Error(), { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } }),
      bucket,
      'find',
    )
  }
}
