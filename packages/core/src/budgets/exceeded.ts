import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'
import { Refusal } from '../errors.ts'

/** Whose budget it is that does not suffice. */
export type BudgetScope = 'user' | 'installation'

export const budgetExceeded = (scope: BudgetScope) =>
  new Refusal(
    'budget_exceeded',
    scope === 'user'
      ? 'The budget that this account has for engines is used up for this month.'
      : 'The budget that this installation has for engines is used up for this month.',
  )

/** Says what `cost_hold()` would: whose budget `micros` more would go beyond. */
export async function findExceededBudget(db: Db, userId: string, micros: number): Promise<BudgetScope | undefined> {
  if (micros === 0) return undefined
  const { rows } = await sql<{ scope: BudgetScope }>`
    select case when b.user_id is null then 'installation' else 'user' end as scope
      from budget b left join cost_month c
        on c.user_id is not distinct from b.user_id and c.month = month_of(clock_timestamp())
      where (b.user_id = ${userId} or b.user_id is null)
        and coalesce(c.spent_micros + c.held_micros, 0) + ${micros} > b.limit_micros
      order by b.user_id nulls last limit 1
  `.execute(db)
  return rows[0]?.scope
}
