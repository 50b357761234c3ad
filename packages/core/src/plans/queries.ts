import type { Db } from '@loqui/db/client'

export async function planExists(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('plan').select('id').where('id', '=', id).executeTakeFirst()
  return row !== undefined
}
