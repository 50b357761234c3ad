import type { AccountRow } from '@loqui/db/schema/accounts'
import { type Account, toAccount } from '../accounts/account.ts'
import type { Caller } from '../context.ts'

/** A session that has just begun. `token` is its credential: it goes into a cookie or, for scripts, into the answer. */
export interface OpenedSession {
  readonly user: Account
  readonly token: string
  readonly expiresAt: Date
}

export async function openSession({ sessions }: Caller<'sessions'>, account: AccountRow): Promise<OpenedSession> {
  const { id, expiresAt } = await sessions.create(account.id)
  return { user: toAccount(account), token: id, expiresAt }
}
