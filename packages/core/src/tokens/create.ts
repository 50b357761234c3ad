import { sql } from 'kysely'
import { z } from 'zod'
import type { Scope } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { signToken, tokenScopes } from './token.ts'

export const createTokenInput = z.strictObject({
  /** What it may do: of what its key may, anything but managing keys and administering. */
  scopes: z.array(z.enum(tokenScopes)).min(1).max(tokenScopes.length),
  /** An hour at most: it cannot be taken back but with its key. */
  expiresInSeconds: z.number().int().min(1).max(3_600).default(600),
})

/** A token just made: what a page sends as `Authorization: Bearer`, in place of a key that no page should hold. */
export interface BrowserToken {
  token: string
  scopes: Scope[]
  /** ISO 8601. It ends before when its key does. */
  expiresAt: string
}

/**
 * Makes a token that may do part of what the calling key may, for a short time. It is signed and not stored: making one
 * writes nothing, and it is one with its key, whose allowance it draws on and with which it ends.
 *
 * @throws {Refusal} `forbidden` unless a key asks, and not a token, which would else live on in its children;
 * `scope_missing` for what the key itself may not.
 */
export async function createToken(
  { db, actor, secret }: Caller<'db' | 'actor' | 'secret'>,
  input: z.output<typeof createTokenInput>,
): Promise<BrowserToken> {
  if (actor.kind !== 'key' || actor.byToken) {
    throw new Refusal('forbidden', 'Tokens are made with an API key, which they end with.')
  }
  const beyond = input.scopes.filter((scope) => !actor.scopes.includes(scope))
  if (beyond.length > 0) {
    throw new Refusal('scope_missing', `scopes: this API key cannot give what it does not have: ${beyond.join(', ')}.`)
  }
  const { rows } = await sql<{ expires: number }>`
    select floor(extract(epoch from least(
      clock_timestamp() + make_interval(secs => ${input.expiresInSeconds}), coalesce(expires_at, 'infinity')
    )))::float8 as expires
    from api_key where id = ${actor.keyId}
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('a key that was just verified is gone')
  const scopes = [...new Set(input.scopes)]
  const token = signToken({ secret }, { keyId: actor.keyId, scopes, expires: row.expires })
  return { token, scopes, expiresAt: new Date(row.expires * 1_000).toISOString() }
}
