import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Sample } from '@loqui/core/samples/sample'
import { voiceFile } from '../bench/voice-file.ts'

/** A voice that is long enough, and quickly inspected. */
const shortBytes = 1_000_000

const boundary = 'a-boundary-of-a-proof'

/** A form with a file in it, as a browser sends one. */
export interface Form {
  readonly contentType: string
  readonly body: Buffer
}

export function formOf(file: Uint8Array, fileName = 'voice.wav'): Form {
  const disposition = `content-disposition: form-data; name="file"; filename="${fileName}"`
  const head = `--${boundary}\r\n${disposition}\r\ncontent-type: audio/wav\r\n\r\n`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  }
}

/** An upload that can be sent, and sent again. */
export interface Upload {
  readonly key: string
  readonly idempotencyKey: string
  readonly form: Form
}

let uploads = 0

/** An upload that is like no other. @param key what goes into `Authorization: Bearer`. */
export function newUpload(key: string, file: Uint8Array = voiceFile(shortBytes)): Upload {
  return { key, idempotencyKey: `upload ${++uploads}`, form: formOf(file) }
}

/** Begins an upload, of which nothing but its headers is sent yet. */
export function begin(url: string, { key, idempotencyKey, form }: Upload, headers: object = {}): ClientRequest {
  const begun = request(`${url}/api/v1/samples`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `Bearer ${key}`,
      'idempotency-key': idempotencyKey,
      'content-type': form.contentType,
      'content-length': form.body.length,
      ...headers,
    },
  })
  // A connection that is cut may say so twice; who waits for an answer hears of it once.
  begun.on('error', () => undefined)
  begun.flushHeaders()
  return begun
}

export interface Answered {
  readonly status: number
  /** A sample, or a problem with a `reason`. */
  readonly body: Sample & { readonly reason?: string }
}

/** What a request is answered. Rejects when its connection ends without an answer. */
export async function answerOf(begun: ClientRequest): Promise<Answered> {
  const [response] = (await once(begun, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: (await json(response)) as Answered['body'] }
}

/** Sends the whole of an upload. */
export function send(url: string, upload: Upload): Promise<Answered> {
  const begun = begin(url, upload)
  const answer = answerOf(begun)
  begun.end(upload.form.body)
  return answer
}
