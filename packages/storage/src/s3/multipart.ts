import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { type Bucket, timeFor } from './bucket.ts'

/** An object that is sent in parts, and is there when it is completed. */
export interface Multipart {
  /** Sends the next part: resolves when the one before it has arrived, so that two are in memory at most. */
  send(bytes: Uint8Array): Promise<void>
  complete(): Promise<void>
  /** Removes what was sent. Does not throw: what it cannot remove, a sweep or the bucket's own rule will. */
  abort(): Promise<void>
}

/**
 * Begins an upload in parts.
 *
 * The SDK's own `Upload` is not used: it answers before what it aborted is gone, holds each part twice, and does not notice
 * that a part cannot be sent while its stream is silent.
 *
 * @param onFailure told at once when a part cannot be sent; whoever sends the next one or completes hears it too.
 * @param signal ends what is being sent; not the beginning, of which we would not know then what to abort.
 */
export async function beginMultipart(
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<Multipart> {
  const object = { Bucket: bucket.name, Key: bucket.prefix + key }
  const { UploadId } = await bucket.client.send(new CreateMultipartUploadCommand(object))
  const upload = { ...object, UploadId }
  const parts: { PartNumber: number; ETag: string | undefined }[] = []
  let inFlight: Promise<void> = Promise.resolve()

  const sendNow = async (PartNumber: number, bytes: Uint8Array): Promise<void> => {
    const { ETag } = await bucket.client.send(new UploadPartCommand({ ...upload, PartNumber, Body: bytes }), {
      abortSignal: signal,
      requestTimeout: timeFor(bucket, bytes.byteLength),
    })
    parts.push({ PartNumber, ETag })
  }

  return {
    async send(bytes) {
      await inFlight
      inFlight = sendNow(parts.length + 1, bytes)
      inFlight.catch(onFailure)
    },
    async complete() {
      await inFlight
      signal.throwIfAborted()
      await bucket.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }))
    },
    async abort() {
      // A part that arrives after the abort would stay.
      await inFlight.catch(() => undefined)
      await bucket.client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined)
    },
  }
}
