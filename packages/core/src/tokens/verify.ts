import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { ensureInForce, type KeyActor, type KeyRow, keyColumns, requesterOf, toKeyActor } from '../keys/verify.ts'
import type { Limit } from '../limits/limit.ts'
import { countRequest } from '../limits/requests.ts'
import { readToken, type TokenClaims } from './token.ts'

/**
 * Turns a token into who acts by it: its key, with no more scopes than the token names.
 *
 * @throws {Refusal} `token_invalid`, `token_expired`; what is wrong with its key, as `verifyKey` says it.
 */
export async function verifyToken(caller: Caller<'db' | 'log' | 'secret'>, token: string): Promise<KeyActor> {
  const claims = readToken(caller, token)
  return toActor(claims, ensureHolds(caller, await findKeyOf(caller, claims, false)))
}

/**
 * The same, and one request of theirs from the allowance of the key, in the same round trip.
 *
 * @returns also what is left.
 * @throws {Refusal} as `verifyToken` does; `rate_limited`.
 */
export async function admitToken(
  caller: Caller<'db' | 'log' | 'limits' | 'secret'>,
  token: string,
): Promise<{ actor: KeyActor; left: Limit[] }> {
  const claims = readToken(caller, token)
  const counted = await caller.limits.store.ask(() => findKeyOf(caller, claims, true))
  const row = ensureHolds(caller, counted === undefined ? await findKeyOf(caller, claims, false) : counted)
  return {
    actor: toActor(claims, row),
    left: countRequest(caller, requesterOf(row), counted === undefined ? undefined : row),
  }
}

interface TokenRow extends KeyRow {
  /** Whether the token has expired. */
  readonly lapsed: boolean
}

/** `null` where the key is deleted, as with its account. */
async function findKeyOf({ db }: Caller<'db'>, { keyId, expires }: TokenClaims, take: boolean) {
  const lapsed = sql<boolean>`to_timestamp(${expires}::float8) <= clock_timestamp()`
  const { rows } = await sql<TokenRow>`
    select ${lapsed} as lapsed, ${keyColumns}
    from api_key k cross join lateral admit_key(k.public_id, k.secret_hash, ${take} and not ${lapsed}) found
    where k.id = ${keyId}
  `.execute(db)
  return rows[0] ?? null
}

/** @throws {Refusal} unless the token and its key hold. */
function ensureHolds(caller: Caller<'db' | 'log'>, row: TokenRow | null): TokenRow {
  if (!row) throw new Refusal('token_invalid', 'The API key that made this token is gone.')
  ensureInForce(caller, row)
  if (row.lapsed) throw new Refusal('token_expired', 'This token has expired. Ask for a new one.')
  return row
}

function toActor({ scopes }: TokenClaims, row: KeyRow): KeyActor {
  const actor = toKeyActor(row)
  return { ...actor, byToken: true, scopes: actor.scopes.filter((scope) => scopes.includes(scope)) }
}
