import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Plan, toPlan } from './plan.ts'

/** A plan as administrators see it. */
export interface PlanWithAccounts extends Plan {
  /** How many accounts are on it. */
  accounts: number
}

/**
 * Every plan with how many feel a change of it, smallest first.
 *
 * @throws {Refusal} `forbidden`, `scope_missing`.
 */
export async function listPlansWithAccounts({ db, actor }: Caller<'db' | 'actor'>): Promise<PlanWithAccounts[]> {
  permitAdmin(actor)
  const rows = await db
    .selectFrom('plan')
    .leftJoin('account', 'account.plan_id', 'plan.id')
    .selectAll('plan')
    .select((eb) => eb.fn.count<number>('account.id').as('accounts'))
    .groupBy('plan.id')
    .orderBy('plan.seconds_per_month')
    .orderBy('plan.id')
    .execute()
  return rows.map((row) => ({ ...toPlan(row), accounts: row.accounts }))
}
