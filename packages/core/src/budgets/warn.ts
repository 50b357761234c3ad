import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { wireId } from '../ids.ts'

/** Warns of every budget whose month has reached its alert, once a month, whichever process sees it first. */
export async function warnOfBudgets({ db, log }: Caller<'db' | 'log'>): Promise<void> {
  const { rows } = await sql<WarnedRow>`
    update budget b set alerted_month = c.month
      from cost_month c
      where c.month = month_of(clock_timestamp()) and c.user_id is not distinct from b.user_id
        and c.spent_micros >= b.alert_micros and b.alerted_month is distinct from c.month
      returning b.user_id, to_char(c.month, 'YYYY-MM') as month, c.spent_micros, b.alert_micros, b.limit_micros
  `.execute(db)
  for (const row of rows) {
    const details = {
      scope: row.user_id === null ? 'installation' : 'user',
      userId: row.user_id === null ? null : wireId('user', row.user_id),
      month: row.month,
      spentMicros: row.spent_micros,
      alertMicros: row.alert_micros,
      limitMicros: row.limit_micros,
    }
    log.warn(details, 'a budget has reached its alert')
  }
}

interface WarnedRow {
  user_id: string | null
  month: string
  spent_micros: number
  alert_micros: number
  limit_micros: number | null
}
