import { Argon2id } from 'oslo/password'
import pLimit from 'p-limit'
import { Refusal } from '../errors.ts'

/** OWASP's minimum: 19 MiB, 2 passes, 1 lane. One costs about 22 ms of a core. */
const argon2 = new Argon2id({ memorySize: 19_456, iterations: 2, parallelism: 1 })

/** Argon2 is made to be expensive; without a bulkhead a few hundred logins would starve everything else. */
const slots = pLimit(2)
const mostWaiting = 16

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  if (slots.pendingCount >= mostWaiting) {
    throw new Refusal('busy', 'Too many people are logging in right now. Try again in a moment.', {
      retryAfterSeconds: 1,
    })
  }
  return slots(work)
}

export function hashPassword(password: string): Promise<string> {
  return guarded(() => argon2.hash(password.normalize('NFKC')))
}

/** What a password is compared with where there is no account, so that the answer takes as long. */
let nobody: Promise<string> | undefined

/** Whether the password is right. `hash` is `null` where there is no such account: false, after the same work. */
export async function verifyPassword(hash: string | null, password: string): Promise<boolean> {
  nobody ??= argon2.hash('there is no such account')
  const against = hash ?? (await nobody)
  const right = await guarded(() => argon2.verify(against, password.normalize('NFKC')))
  return right && hash !== null
}
