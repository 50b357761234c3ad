import type { Db } from '@loqui/db/client'

/** When a key expires; `null` where it does not, or there is none. */
export async function keyEndsAt(db: Db, keyId: string): Promise<Date | null> {
  const row = await db.selectFrom('api_key').select('expires_at').where('id', '=', keyId).executeTakeFirst()
  return row?.expires_at ?? null
}
