import { timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import type { Actor } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { hashSecret, parseKey } from './format.ts'
import { keyScopes } from './key.ts'

/** What an unknown key is compared with, so that the answer takes as long. */
const nobody = Buffer.alloc(32)

/** Last use is kept to the minute, so that a busy key does not write its row on every call. */
const lastUsedGrain = sql<Date>`now() - interval '60 seconds'`

/**
 * Turns an API key into who acts by it. Only who holds the whole secret learns that a key is expired or revoked.
 *
 * @throws {Refusal} `api_key_malformed`, `api_key_invalid`, `api_key_expired`, `api_key_revoked`, `account_disabled`.
 */
export async function verifyKey(
  { db, log }: Caller<'db' | 'log'>,
  key: string,
): Promise<Extract<Actor, { kind: 'key' }>> {
  const parsed = parseKey(key)
  if (!parsed) {
    throw new Refusal('api_key_malformed', 'The API key is incomplete or mistyped: it does not carry a right checksum.')
  }
  const row = await db
    .selectFrom('api_key')
    .innerJoin('account', 'account.id', 'api_key.user_id')
    .select([
      'api_key.id',
      'api_key.user_id',
      'api_key.secret_hash',
      'api_key.scopes',
      'api_key.revoked_at',
      'account.role',
      'account.disabled_at',
      sql<boolean>`coalesce(api_key.expires_at <= now(), false)`.as('expired'),
      sql<boolean>`coalesce(api_key.last_used_at < ${lastUsedGrain}, true)`.as('use_is_news'),
    ])
    .where('api_key.public_id', '=', parsed.publicId)
    .executeTakeFirst()
  if (!timingSafeEqual(row?.secret_hash ?? nobody, hashSecret(parsed.secret)) || !row) {
    throw new Refusal('api_key_invalid', 'There is no such API key.')
  }
  if (row.revoked_at) throw new Refusal('api_key_revoked', 'This API key was revoked.')
  if (row.expired) throw new Refusal('api_key_expired', 'This API key has expired.')
  if (row.disabled_at) throw new Refusal('account_disabled', 'This account is disabled.')
  if (row.use_is_news) {
    // Not awaited: a note for people must not make the call it notes any slower.
    void db
      .updateTable('api_key')
      .set({ last_used_at: sql`now()` })
      .where('id', '=', row.id)
      .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', lastUsedGrain)]))
      .execute()
      .catch((error: unknown) => log.warn({ error }, 'could not note the last use of a key'))
  }
  return { kind: 'key', userId: row.user_id, role: row.role, keyId: row.id, scopes: keyScopes(row) }
}
