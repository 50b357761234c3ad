import type { Db, Trx } from '@loqui/db/client'
import type { ApiKeyRow } from '@loqui/db/schema/accounts'
import type { Scope } from '../actor.ts'
import { newId } from '../ids.ts'
import { generateKey, hashSecret } from './format.ts'

/** Makes a key; `secret` is the whole key, shown this once and kept nowhere. */
export async function mintKey(
  db: Db | Trx,
  key: {
    readonly userId: string
    readonly name: string
    readonly scopes: Scope[]
    readonly expiresAt: Date | null
    /** Default: none of its own. */
    readonly requestsPerMinute?: number | null
    /** The key whose allowance it draws on. Default: its own. */
    readonly allowanceOf?: string | null
  },
): Promise<{ row: ApiKeyRow; secret: string }> {
  const generated = generateKey()
  const row = await db
    .insertInto('api_key')
    .values({
      id: newId(),
      user_id: key.userId,
      public_id: generated.publicId,
      secret_hash: hashSecret(generated.secret),
      name: key.name,
      scopes: key.scopes,
      expires_at: key.expiresAt,
      revoked_at: null,
      last_used_at: null,
      requests_per_minute: key.requestsPerMinute ?? null,
      allowance_of: key.allowanceOf ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { row, secret: generated.key }
}
