import type { Db, Trx } from '@loqui/db/client'
import { Refusal } from '../errors.ts'

export async function accountExists(db: Db | Trx, id: string): Promise<boolean> {
  const row = await db.selectFrom('account').select('id').where('id', '=', id).executeTakeFirst()
  return row !== undefined
}

export const userNotFound = (field: string) => new Refusal('user_not_found', `${field}: there is no such user.`)
