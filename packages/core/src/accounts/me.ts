import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { type Account, toAccount } from './account.ts'

/** The account in whose name the caller acts. */
export async function me({ db, actor }: Caller<'db' | 'actor'>): Promise<Account> {
  if (actor.kind === 'system') throw new Refusal('forbidden', 'This can only be done in the name of a user.')
  return toAccount(await db.selectFrom('account').selectAll().where('id', '=', actor.userId).executeTakeFirstOrThrow())
}
