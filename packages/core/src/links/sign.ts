import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { deriveKey } from '../secret.ts'

/** Of the query of a signed address: everything else in it is signed too. */
const signatureName = 'signature'
const expiryName = 'expires'

/** A path with parameters, and a signature over both, which opens it for whoever has it until it expires. */
export function signPath(
  { secret }: Caller<'secret'>,
  path: string,
  parameters: Readonly<Record<string, string>>,
  expiresAt: Date,
): string {
  const query = new URLSearchParams({ ...parameters, [expiryName]: String(Math.floor(expiresAt.getTime() / 1_000)) })
  query.append(signatureName, signature(secret, path, query).toString('base64url'))
  return `${path}?${query}`
}

/** Whether an address claims to be signed. */
export const isSigned = (query: URLSearchParams): boolean => query.has(signatureName) || query.has(expiryName)

/**
 * Says that an address is one that was signed, unchanged.
 *
 * @returns when it expires; whether it has is for the database's clock to say.
 * @throws {Refusal} `link_invalid`.
 */
export function verifyPath({ secret }: Caller<'secret'>, path: string, query: URLSearchParams): Date {
  const given = query.getAll(signatureName)
  const signed = new URLSearchParams(query)
  signed.delete(signatureName)
  const expected = signature(secret, path, signed)
  const sent = Buffer.from(given[0] ?? '', 'base64url')
  // Another spelling of the same bytes was not signed either.
  const matches = given.length === 1 && sent.length === expected.length && timingSafeEqual(sent, expected)
  if (!matches || given[0] !== expected.toString('base64url')) {
    throw new Refusal('link_invalid', 'This link is not one that Loqui made, or was changed. Ask for a new one.')
  }
  return new Date(Number(signed.get(expiryName)) * 1_000)
}

function signature(secret: Uint8Array, path: string, query: URLSearchParams): Buffer {
  const sorted = new URLSearchParams(query)
  sorted.sort()
  return createHmac('sha256', deriveKey(secret, 'links')).update(`${path}?${sorted}`).digest()
}
