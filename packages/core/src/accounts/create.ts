import type { Db, Trx } from '@loqui/db/client'
import type { AccountRow, Role } from '@loqui/db/schema/accounts'
import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { hashPassword } from '../sessions/password.ts'

export const emailSchema = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email('must be an e-mail address'))
  .transform((email) => email.toLowerCase())

export const passwordSchema = z.string().min(8, 'must be at least 8 characters long').max(256)

export interface NewAccount {
  email: string
  password: string
  name: string | null
  role: Role
  planId: string
}

/**
 * Makes an account.
 *
 * @throws {Refusal} `email_taken`.
 */
export async function createAccount(db: Db | Trx, account: NewAccount): Promise<AccountRow> {
  const row = await db
    .insertInto('account')
    .values({
      id: newId(),
      email: account.email,
      name: account.name,
      password_hash: await hashPassword(account.password),
      role: account.role,
      plan_id: account.planId,
      disabled_at: null,
    })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new Refusal('email_taken', `There is an account with the e-mail address ${account.email} already.`)
  return row
}
