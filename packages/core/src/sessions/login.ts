import { z } from 'zod'
import { emailSchema } from '../accounts/create.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { type OpenedSession, openSession } from './open.ts'
import { verifyPassword } from './password.ts'

export const loginInput = z.strictObject({ email: emailSchema, password: z.string().min(1).max(256) })

/**
 * Opens a session. An unknown address and a wrong password get the same answer after the same work.
 *
 * @throws {Refusal} `wrong_credentials`, `account_disabled`, `busy`.
 */
export async function login(
  caller: Caller<'db' | 'sessions'>,
  { email, password }: z.output<typeof loginInput>,
): Promise<OpenedSession> {
  const account = await caller.db.selectFrom('account').selectAll().where('email', '=', email).executeTakeFirst()
  if (!(await verifyPassword(account?.password_hash ?? null, password)) || !account) {
    throw new Refusal('wrong_credentials', 'The e-mail address or the password is wrong.')
  }
  if (account.disabled_at) throw new Refusal('account_disabled', 'This account is disabled.')
  return openSession(caller, account)
}
