import { z } from 'zod'
import type { Caller } from '../context.ts'
import { type OpenedSession, openSession } from '../sessions/open.ts'
import { createAccount, emailSchema, passwordSchema } from './create.ts'

export const registerInput = z.strictObject({
  email: emailSchema,
  password: passwordSchema,
  name: z.string().trim().min(1).max(100).nullish(),
})

/**
 * Makes an account on the free plan and opens its first session.
 *
 * @throws {Refusal} `email_taken`.
 */
export async function register(
  caller: Caller<'db' | 'sessions'>,
  input: z.output<typeof registerInput>,
): Promise<OpenedSession> {
  const account = await createAccount(caller.db, {
    email: input.email,
    password: input.password,
    name: input.name ?? null,
    role: 'user',
    planId: 'free',
  })
  return openSession(caller, account)
}
