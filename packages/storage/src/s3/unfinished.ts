import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.ts'
import { nameOf, toStorageError } from './failure.ts'

/** After this long no write is going on any more. */
const ABANDONED_MS = 24 * 3_600_000

/**
 * Aborts the uploads in parts that were begun below our prefix more than a day ago. MinIO names none to who asks by a
 * prefix, and removes them itself after a day.
 *
 * @returns how many.
 */
export async function abortUnfinished(bucket: Bucket): Promise<number> {
  const { client, name: Bucket, prefix: Prefix } = bucket
  let aborted = 0
  let markers: { KeyMarker: string | undefined; UploadIdMarker: string | undefined } | undefined
  try {
    do {
      const page = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...markers }))
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Initiated === undefined || Date.now() - Initiated.getTime() <= ABANDONED_MS) continue
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch((error: unknown) => {
          // Completed or aborted meanwhile.
          if (nameOf(error) !== 'NoSuchUpload') throw error
        })
        aborted++
      }
      markers = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined
    } while (markers?.KeyMarker !== undefined)
  } catch (error) {
    throw toStorageError(error, bucket, 'clear unfinished uploads from')
  }
  return aborted
}
