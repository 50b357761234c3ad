import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Scope, scopes } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { deriveKey } from '../secret.ts'

/** What a token may never be allowed to do: it would outlast the token, or reach beyond its key. */
const keptFromTokens = ['keys:read', 'keys:write', 'admin'] as const satisfies readonly Scope[]

/** What a token may be allowed to do. */
export type TokenScope = Exclude<Scope, (typeof keptFromTokens)[number]>

export const tokenScopes = scopes.filter(
  (scope): scope is TokenScope => !(keptFromTokens as readonly Scope[]).includes(scope),
)

/** What a token says. It is signed and not secret: whoever has it can read it. */
export interface TokenClaims {
  /** The key that made it, as the database knows it. */
  readonly keyId: string
  readonly scopes: readonly Scope[]
  /** Seconds since 1970. */
  readonly expires: number
}

const prefix = 'loqui_token_'
/** One with every scope is a quarter of it. */
const longest = 2_000

/** Whether it was meant to be a token. */
export const isToken = (credential: string) => credential.startsWith(prefix)

/** `loqui_token_<claims>.<signature>`, both base64url. */
export function signToken({ secret }: Caller<'secret'>, { keyId, scopes, expires }: TokenClaims): string {
  const claims = Buffer.from(JSON.stringify({ key: keyId, exp: expires, scopes })).toString('base64url')
  return `${prefix}${claims}.${signature(secret, claims).toString('base64url')}`
}

/**
 * Says that a token is one that was signed, unchanged. Whether it has expired is for the database's clock to say.
 *
 * @throws {Refusal} `token_invalid`.
 */
export function readToken({ secret }: Caller<'secret'>, token: string): TokenClaims {
  const [claims = '', sent = '', ...more] = token.length > longest ? [] : token.slice(prefix.length).split('.')
  const expected = signature(secret, claims)
  const given = Buffer.from(sent, 'base64url')
  const matches = more.length === 0 && given.length === expected.length && timingSafeEqual(given, expected)
  // Another spelling of the same bytes was not signed either.
  if (!matches || sent !== expected.toString('base64url')) {
    throw new Refusal('token_invalid', 'This token is not one that Loqui made, or was changed. Ask for a new one.')
  }
  const { key, exp, scopes: named } = JSON.parse(Buffer.from(claims, 'base64url').toString())
  // Signed by a version that knows more scopes, it gives those that this one knows.
  return { keyId: key, expires: exp, scopes: scopes.filter((scope) => named.includes(scope)) }
}

/** When a token that holds ends, unless its key does before. */
export const tokenEndsAt = (caller: Caller<'secret'>, token: string): Date =>
  new Date(readToken(caller, token).expires * 1_000)

const signature = (secret: Uint8Array, claims: string): Buffer =>
  createHmac('sha256', deriveKey(secret, 'tokens')).update(claims).digest()
