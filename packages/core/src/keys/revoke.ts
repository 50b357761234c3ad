import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { idSchema } from '../ids.ts'
import { type ApiKey, toApiKey } from './key.ts'

export const revokeKeyInput = z.strictObject({ id: idSchema('key') })

/**
 * Ends a key for good. Revoking it again changes nothing.
 *
 * @throws {Refusal} `key_not_found`.
 */
export async function revokeKey(
  { db, actor, hints }: Caller<'db' | 'actor' | 'hints'>,
  { id }: z.output<typeof revokeKeyInput>,
): Promise<ApiKey> {
  const userId = permit(actor, 'keys:write')
  const row = await db
    .updateTable('api_key')
    .set({ revoked_at: sql`coalesce(revoked_at, now())` })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new Refusal('key_not_found', 'id: there is no such key.')
  hints.hint('access', userId)
  return toApiKey(row)
}
