import { randomUUID } from 'node:crypto'
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { StorageError } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { toStorageError } from './failure.ts'

/**
 * Tries all that is needed of the bucket, with an object whose name is no key of ours.
 *
 * @throws {StorageError} whose sentence names STORAGE_URL, what could not be done and what to do about it.
 */
export async function checkBucket(bucket: Bucket): Promise<void> {
  const { client, name, prefix } = bucket
  const object = { Bucket: name, Key: `${prefix}.check-${randomUUID()}` }
  await tried(bucket, 'list', client.send(new ListObjectsV2Command({ Bucket: name, Prefix: prefix, MaxKeys: 1 })))
  await tried(bucket, 'write to', client.send(new PutObjectCommand({ ...object, Body: 'Loqui' })))
  const reading = tried(
    bucket,
    'read from',
    client.send(new GetObjectCommand(object)).then(({ Body }) => Body?.transformToString()),
  )
  // It goes away also where it could not be read.
  await reading.catch(() => undefined)
  await tried(bucket, 'remove from', client.send(new DeleteObjectCommand(object)))
  await reading
}

async function tried(bucket: Bucket, verb: string, request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    const { code, message } = toStorageError(error, bucket, verb)
    throw new StorageError(code, `STORAGE_URL names what cannot be used. ${message}.`)
  }
}
