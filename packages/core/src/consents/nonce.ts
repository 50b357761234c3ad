import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../secret.ts'
import type { Statement } from './statements.ts'

/** What a nonce was made for: it means nothing elsewhere. */
export interface NoncePurpose {
  readonly userId: string
  readonly version: string
  readonly locale: string
}

export interface Nonce {
  /** As it goes on the wire. */
  readonly text: string
  readonly madeAt: Date
  readonly expiresAt: Date
}

/** How long one may be used, in milliseconds. */
export const nonceMs = 60 * 60_000

const wordCount = 5
const pattern = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/

/** Makes one that can be read back without having been written down. */
export function mintNonce(secret: Uint8Array, purpose: NoncePurpose, now = Date.now()): Nonce {
  const madeAt = now.toString(36)
  const random = randomBytes(16).toString('base64url')
  return nonce(`${madeAt}.${random}.${sign(secret, purpose, madeAt, random)}`, now)
}

/** @returns the nonce, expired or not; `undefined` for what was not made here for this purpose. */
export function readNonce(secret: Uint8Array, purpose: NoncePurpose, text: string): Nonce | undefined {
  const [, madeAt, random, signature] = pattern.exec(text) ?? []
  if (madeAt === undefined || random === undefined || signature === undefined) return undefined
  const expected = Buffer.from(sign(secret, purpose, madeAt, random))
  if (!timingSafeEqual(expected, Buffer.from(signature))) return undefined
  return nonce(text, Number.parseInt(madeAt, 36))
}

/** What who records the consent reads aloud: nobody could have recorded it before. */
export function phraseOf({ phrase, words }: Statement, { text }: Nonce): string {
  const random = Buffer.from(text.split('.')[1] ?? '', 'base64url')
  const chosen = [...random.subarray(0, wordCount)].map((byte) => words[byte % words.length])
  return phrase.replace('{words}', chosen.join(', '))
}

const nonce = (text: string, madeAt: number): Nonce => ({
  text,
  madeAt: new Date(madeAt),
  expiresAt: new Date(madeAt + nonceMs),
})

function sign(secret: Uint8Array, { userId, version, locale }: NoncePurpose, madeAt: string, random: string): string {
  return createHmac('sha256', deriveKey(secret, 'nonces'))
    .update(JSON.stringify(['consent', userId, version, locale, madeAt, random]))
    .digest('base64url')
}
