import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Account, toAccount } from './account.ts'
import { createAccount, emailSchema, passwordSchema } from './create.ts'

export const createAdminInput = z.strictObject({ email: emailSchema, password: passwordSchema })

/**
 * Makes an administrator on the unlimited plan: what `loqui admin create` does.
 *
 * @throws {Refusal} `email_taken`, `forbidden`.
 */
export async function createAdmin(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof createAdminInput>,
): Promise<Account> {
  permitAdmin(actor)
  return toAccount(await createAccount(db, { ...input, name: null, role: 'admin', planId: 'unlimited' }))
}
