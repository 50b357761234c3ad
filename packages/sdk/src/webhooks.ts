/** What is sent to a webhook: what happened, when, and to what. */
export interface WebhookEvent<Data = unknown> {
  /** Such as `generation.succeeded`. */
  readonly type: string
  /** ISO 8601. */
  readonly timestamp: string
  readonly data: Data
}

/** A webhook as it arrives: a `Request`, or its body byte for byte with its headers. */
export type IncomingWebhook =
  | Request
  | {
      readonly body: string | Uint8Array | ArrayBuffer
      readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
    }

export interface VerifyWebhookOptions {
  /** How old, or how far ahead, it may be, in seconds. @default 300, as Standard Webhooks says */
  readonly toleranceSeconds?: number | undefined
  /** Milliseconds since 1970. @default the clock */
  readonly now?: number | undefined
}

/** Why a webhook is not to be believed. */
export type WebhookErrorReason =
  | 'header_missing'
  | 'timestamp_malformed'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'signature_wrong'
  | 'body_malformed'

/** It was not sent by who has the secret, or not now. Answer it with status 400 and believe nothing of it. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly reason: WebhookErrorReason

  constructor(reason: WebhookErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** The headers of Standard Webhooks. */
export interface WebhookHeaders {
  readonly 'webhook-id': string
  /** Seconds since 1970. */
  readonly 'webhook-timestamp': string
  /** `v1,` and base64; several, parted by spaces, while a secret is being changed. */
  readonly 'webhook-signature': string
}

/** A webhook that is to be believed. */
export interface VerifiedWebhook<Event> {
  /** The same for every delivery of one event: what was seen under it before is to be done no second time. */
  readonly id: string
  readonly event: Event
}

/**
 * Says that a webhook was sent by who has the secret, just now and unchanged, as Standard Webhooks
 * (https://www.standardwebhooks.com) has it: HMAC-SHA256 over id, timestamp and body, compared in constant time. It needs Web
 * Crypto and nothing else, so that it runs in Node, browsers' workers and at the edge.
 *
 * @param secret `whsec_…`; several while one is being changed for another.
 * @throws {WebhookError} it is not to be believed: `reason` says why.
 * @throws {TypeError} the secret is none, or the body was read already.
 * @example
 * ```ts
 * export default {
 *   async fetch(request: Request) {
 *     const { id, event } = await verifyWebhook(request, secret)
 *     if (event.type === 'generation.succeeded') await publish(id, event.data)
 *     return new Response(null, { status: 204 })
 *   },
 * }
 * ```
 * @example
 * ```ts
 * // Express, whose parsers would change the body:
 * app.post('/webhooks/loqui', express.raw({ type: () => true }), async (req, res) => {
 *   const { event } = await verifyWebhook({ body: req.body, headers: req.headers }, [secret, formerSecret])
 *   res.sendStatus(204)
 * })
 * ```
 */
export async function verifyWebhook<Event = WebhookEvent>(
  webhook: IncomingWebhook,
  secret: string | readonly string[],
  { toleranceSeconds = 300, now = Date.now() }: VerifyWebhookOptions = {},
): Promise<VerifiedWebhook<Event>> {
  const id = readHeader(webhook.headers, 'webhook-id')
  const timestamp = readHeader(webhook.headers, 'webhook-timestamp')
  const signatures = readHeader(webhook.headers, 'webhook-signature')
  checkTime(timestamp, toleranceSeconds, now)
  const body = toBytes(webhook instanceof Request ? await readBody(webhook) : webhook.body)
  const secrets = typeof secret === 'string' ? [secret] : secret
  if (!(await isSigned(signedBytes(id, timestamp, body), signatures, secrets))) {
    throw new WebhookError('signature_wrong', 'No signature of this webhook is one of its secret.')
  }
  try {
    // What it is follows from who signed it.
    return { id, event: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as Event }
  } catch (cause) {
    throw new WebhookError('body_malformed', 'The body of this webhook is not JSON.', { cause })
  }
}

/**
 * Signs a webhook as Loqui does: for tests of what receives them.
 *
 * @throws {TypeError} the secret is none.
 * @example
 * ```ts
 * const body = JSON.stringify({ type: 'generation.succeeded', timestamp: new Date().toISOString(), data: { id: 'gen_…' } })
 * const headers = await signWebhook({ id: 'msg_1', body }, secret)
 * await fetch('http://localhost:8787/webhooks/loqui', { method: 'POST', body, headers: { ...headers } })
 * ```
 */
export async function signWebhook(
  { id, timestamp, body }: { readonly id: string; readonly timestamp?: Date; readonly body: string | Uint8Array },
  secret: string,
): Promise<WebhookHeaders> {
  const seconds = String(Math.floor((timestamp?.getTime() ?? Date.now()) / 1_000))
  const key = await toKey(secret, 'sign')
  const signature = await crypto.subtle.sign('HMAC', key, signedBytes(id, seconds, toBytes(body)))
  return {
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`,
  }
}

function readHeader(headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>, name: string) {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  if (typeof value === 'string' && value !== '') return value
  throw new WebhookError('header_missing', `The header ${name} is missing, or there is more than one.`)
}

function checkTime(timestamp: string, toleranceSeconds: number, now: number): void {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookError('timestamp_malformed', 'The header webhook-timestamp is no number of seconds.')
  }
  const age = Math.floor(now / 1_000) - Number(timestamp)
  if (age > toleranceSeconds) {
    throw new WebhookError(
      'timestamp_too_old',
      `This webhook is ${age} s old: it may have been recorded and sent again.`,
    )
  }
  if (-age > toleranceSeconds) {
    throw new WebhookError(
      'timestamp_too_new',
      `This webhook is ${-age} s ahead of the clock here, which may be wrong.`,
    )
  }
}

async function readBody(request: Request): Promise<ArrayBuffer> {
  if (request.bodyUsed) throw new TypeError('The body of this request was read already: verify it first, or a clone.')
  return request.arrayBuffer()
}

const toBytes = (body: string | Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> =>
  typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body)

function signedBytes(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}

/** The most signatures that are looked at: one for each secret of a sender that is changing them. */
const mostSignatures = 10

async function isSigned(
  bytes: Uint8Array<ArrayBuffer>,
  signatures: string,
  secrets: readonly string[],
): Promise<boolean> {
  const given = signatures
    .split(' ', mostSignatures)
    .map((signature) => (signature.startsWith('v1,') ? fromBase64(signature.slice(3)) : null))
    .filter((signature) => signature !== null)
  let isOne = false
  for (const secret of secrets) {
    const key = await toKey(secret, 'verify')
    // `verify` takes as long whether or not they differ, and where.
    for (const signature of given) if (await crypto.subtle.verify('HMAC', key, signature, bytes)) isOne = true
  }
  return isOne
}

function toKey(secret: string, use: 'sign' | 'verify'): Promise<CryptoKey> {
  const bytes = fromBase64(secret.replace(/^whsec_/, ''))
  if (!bytes || bytes.length === 0) throw new TypeError('The secret of a webhook is whsec_ and base64.')
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [use])
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}
