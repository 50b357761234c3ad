import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import { type Budget, findBudget } from '../budgets/budget.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import type { CurrentUsage } from '../usage/current.ts'
import { readUsage } from '../usage/queries.ts'
import { type Account, toAccount } from './account.ts'
import { userNotFound } from './queries.ts'

export const getAccountInput = z.strictObject({ id: idSchema('user') })

/** An account as administrators see it. */
export interface AccountDetails extends Account {
  usage: CurrentUsage
  /** `null` when it has none of its own. */
  budget: Budget | null
}

/** @throws {Refusal} `user_not_found`, `forbidden`, `scope_missing`. */
export async function getAccount(
  { db, actor }: Caller<'db' | 'actor'>,
  { id }: z.output<typeof getAccountInput>,
): Promise<AccountDetails> {
  permitAdmin(actor)
  const row = await db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw userNotFound('id')
  const [usage, budget] = await Promise.all([readUsage(db, id), findBudget(db, id)])
  return { ...toAccount(row), usage, budget }
}
