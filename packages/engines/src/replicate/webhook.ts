import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { ProviderMessage } from '../engine.ts'

/** Where Replicate sends to, below `PUBLIC_URL`. */
export const webhookPath = '/webhooks/replicate'

/** What is older, or newer, has been kept and sent again. In milliseconds. */
const windowMs = 5 * 60_000

export interface WebhookRequest {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Byte for byte as it came: parsed and written again it is another. */
  readonly body: Uint8Array
}

const content = z.object({ id: z.string() })

/**
 * Checks a webhook of Replicate's. (The check of its own package takes any age, compares in a time that tells where the
 * difference is, and signs objects as it would write them.)
 *
 * @param secret `whsec_…`. @param now in milliseconds since 1970.
 * @returns null when it is not from there, or not from now.
 */
export function readWebhook({ headers, body }: WebhookRequest, secret: string, now: number): ProviderMessage | null {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return null
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp) * 1000) > windowMs) return null

  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  // Several while the secret is changed: any of them counts.
  const signed = signatures.split(' ').some((each) => {
    const given = Buffer.from(each.startsWith('v1,') ? each.slice('v1,'.length) : '', 'base64')
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
  if (!signed) return null
  const parsed = content.safeParse(parseJson(body))
  return parsed.success ? { id, callId: parsed.data.id } : null
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}
