import type { Db, Trx } from '@loqui/db/client'
import { sql } from 'kysely'
import { wireId } from '../ids.ts'

/** What engines' providers may ask for in a calendar month (UTC), in millionths of a dollar. */
export interface Budget {
  /** `usr_…`; `null` for the whole installation. */
  userId: string | null
  email: string | null
  /** From here on the log warns, once a month; `null` for never. */
  alertMicros: number | null
  /** No generation is begun that could go beyond; `null` for no end. */
  limitMicros: number | null
  /** The running month: `YYYY-MM`. */
  month: string
  /** What was asked for in this month. */
  spentMicros: number
  /** What may yet be asked for what waits or runs. */
  heldMicros: number
  /** The latest month that the log warned of: `YYYY-MM`. */
  alertedMonth: string | null
  /** ISO 8601. */
  updatedAt: string
}

interface BudgetRow {
  user_id: string | null
  email: string | null
  alert_micros: number | null
  limit_micros: number | null
  month: string
  spent_micros: number
  held_micros: number
  alerted_month: string | null
  updated_at: Date
}

/** Every budget that there is, with what the running month has made of it. */
export function selectBudgets(db: Db | Trx) {
  return db
    .selectFrom('budget')
    .leftJoin('account', 'account.id', 'budget.user_id')
    .leftJoin('cost_month', (join) =>
      join
        .on('cost_month.user_id', 'is not distinct from', (eb) => eb.ref('budget.user_id'))
        .on('cost_month.month', '=', sql<Date>`month_of(clock_timestamp())`),
    )
    .select(['budget.user_id', 'account.email', 'budget.alert_micros', 'budget.limit_micros', 'budget.updated_at'])
    .select((eb) => [
      eb.fn.coalesce('cost_month.spent_micros', eb.lit(0)).as('spent_micros'),
      eb.fn.coalesce('cost_month.held_micros', eb.lit(0)).as('held_micros'),
      sql<string>`to_char(month_of(clock_timestamp()), 'YYYY-MM')`.as('month'),
      sql<string | null>`to_char(budget.alerted_month, 'YYYY-MM')`.as('alerted_month'),
    ])
}

/** @param userId `null` for the installation's. */
export async function findBudget(db: Db | Trx, userId: string | null): Promise<Budget | null> {
  const row = await selectBudgets(db).where('budget.user_id', 'is not distinct from', userId).executeTakeFirst()
  return row ? toBudget(row) : null
}

export function toBudget(row: BudgetRow): Budget {
  return {
    userId: row.user_id === null ? null : wireId('user', row.user_id),
    email: row.email,
    alertMicros: row.alert_micros,
    limitMicros: row.limit_micros,
    month: row.month,
    spentMicros: row.spent_micros,
    heldMicros: row.held_micros,
    alertedMonth: row.alerted_month,
    updatedAt: row.updated_at.toISOString(),
  }
}
