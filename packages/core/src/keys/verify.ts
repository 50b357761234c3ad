import { timingSafeEqual } from 'node:crypto'
import type { Role } from '@loqui/db/schema/accounts'
import { sql } from 'kysely'
import type { Actor } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import type { TakenRow } from '../limits/allowance.ts'
import type { Limit } from '../limits/limit.ts'
import { countRequest, type Requester } from '../limits/requests.ts'
import { hashSecret, parseKey } from './format.ts'
import { keyScopes } from './key.ts'

export type KeyActor = Extract<Actor, { kind: 'key' }>

/**
 * Turns an API key into who acts by it. Only who holds the whole secret learns that a key is expired or revoked.
 *
 * @throws {Refusal} `api_key_malformed`, `api_key_invalid`, `api_key_expired`, `api_key_revoked`, `account_disabled`.
 */
export async function verifyKey(caller: Caller<'db' | 'log'>, key: string): Promise<KeyActor> {
  const parts = parse(key)
  return toKeyActor(ensureHolds(caller, parts, await findKey(caller, parts, false)))
}

/**
 * The same, and one request of theirs, in the same round trip. Only who holds the whole secret takes from the allowance.
 *
 * @returns also what is left.
 * @throws {Refusal} as `verifyKey` does; `rate_limited`.
 */
export async function admitKey(
  caller: Caller<'db' | 'log' | 'limits'>,
  key: string,
): Promise<{ actor: KeyActor; left: Limit[] }> {
  const parts = parse(key)
  const counted = await caller.limits.store.ask(() => findKey(caller, parts, true))
  const row = ensureHolds(caller, parts, counted ?? (await findKey(caller, parts, false)))
  return { actor: toKeyActor(row), left: countRequest(caller, requesterOf(row), counted && row) }
}

/** Whose allowances a request by a key takes from. */
export const requesterOf = (row: KeyRow): Requester => ({
  userId: row.user_id,
  userPerMinute: row.user_per_minute,
  keyAllowanceId: row.allowance_id,
  keyPerMinute: row.key_per_minute,
})

interface KeyParts {
  readonly publicId: string
  /** SHA-256. */
  readonly secretHash: Buffer
}

function parse(key: string): KeyParts {
  const parsed = parseKey(key)
  if (!parsed) {
    throw new Refusal('api_key_malformed', 'The API key is incomplete or mistyped: it does not carry a right checksum.')
  }
  return { publicId: parsed.publicId, secretHash: hashSecret(parsed.secret) }
}

/** What `admit_key()` answers of a key that is there. Of one that is not, the same with nothing but nulls. */
export interface KeyRow extends TakenRow {
  readonly id: string
  readonly user_id: string
  readonly secret_hash: Buffer
  readonly scopes: string[]
  readonly role: Role
  readonly revoked: boolean
  readonly expired: boolean
  readonly disabled: boolean
  readonly use_is_news: boolean
  /** Of the key whose allowance it draws on. */
  readonly allowance_id: string
  readonly key_per_minute: number | null
  readonly user_per_minute: number
}

/** The columns of a `KeyRow`, of what `admit_key()` answers. */
export const keyColumns = sql.raw(
  `found.id, found.user_id, found.secret_hash, found.scopes, found.role, found.revoked, found.expired, found.disabled,
    found.use_is_news, found.allowance_id, found.key_per_minute, found.user_per_minute, (found.taken).*`,
)

async function findKey({ db }: Caller<'db'>, { publicId, secretHash }: KeyParts, take: boolean) {
  const { rows } = await sql<KeyRow | { readonly id: null; readonly secret_hash: null }>`
    select ${keyColumns} from admit_key(${publicId}, ${secretHash}, ${take}) found
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('admit_key() answered nothing')
  return row
}

/** What an unknown key is compared with, so that the answer takes as long. */
const nobody = Buffer.alloc(32)

/** @throws {Refusal} unless the key holds. */
function ensureHolds(
  caller: Caller<'db' | 'log'>,
  { secretHash }: KeyParts,
  row: Awaited<ReturnType<typeof findKey>>,
): KeyRow {
  if (!timingSafeEqual(row.secret_hash ?? nobody, secretHash) || row.id === null) {
    throw new Refusal('api_key_invalid', 'There is no such API key.')
  }
  return ensureInForce(caller, row)
}

/**
 * The row of a key that may be used now; that it is used is noted.
 *
 * @throws {Refusal} `api_key_revoked`, `api_key_expired`, `account_disabled`.
 */
export function ensureInForce(caller: Caller<'db' | 'log'>, row: KeyRow): KeyRow {
  if (row.revoked) throw new Refusal('api_key_revoked', 'This API key was revoked.')
  if (row.expired) throw new Refusal('api_key_expired', 'This API key has expired.')
  if (row.disabled) throw new Refusal('account_disabled', 'This account is disabled.')
  if (row.use_is_news) noteUse(caller, row.id)
  return row
}

export const toKeyActor = (row: KeyRow): KeyActor => ({
  kind: 'key',
  userId: row.user_id,
  role: row.role,
  keyId: row.id,
  scopes: keyScopes(row),
})

/** Not awaited: a note for people must not make the call it notes any slower. Kept to the minute, so that it is rare. */
function noteUse({ db, log }: Caller<'db' | 'log'>, id: string): void {
  void db
    .updateTable('api_key')
    .set({ last_used_at: sql`now()` })
    .where('id', '=', id)
    .where((eb) =>
      eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', sql<Date>`now() - interval '60 seconds'`)]),
    )
    .execute()
    .catch((error: unknown) => log.warn({ error }, 'could not note the last use of a key'))
}
