import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'
import { toPlan } from '../plans/plan.ts'
import { toQuotaBalance } from '../quota/balance.ts'
import type { CurrentUsage } from './current.ts'

/**
 * The running period of an account that there is. Its row opens with the first reservation; until then, and after a
 * change of plan, the grant is worked out as `quota_open()` would.
 */
export async function readUsage(db: Db, userId: string): Promise<CurrentUsage> {
  const row = await db
    .selectFrom('account')
    .innerJoin('plan', 'plan.id', 'account.plan_id')
    .innerJoinLateral(
      sql<{ period_start: Date; period_end: Date }>`quota_period(account.created_at, clock_timestamp())`.as('period'),
      (join) => join.onTrue(),
    )
    .leftJoin('quota_account', (join) =>
      join
        .onRef('quota_account.user_id', '=', 'account.id')
        .onRef('quota_account.period_start', '=', 'period.period_start'),
    )
    .leftJoin('cost_month', (join) =>
      join
        .onRef('cost_month.user_id', '=', 'account.id')
        .on('cost_month.month', '=', sql<Date>`month_of(clock_timestamp())`),
    )
    .selectAll('plan')
    .select(['period.period_start', 'period.period_end', 'cost_month.spent_micros'])
    .select(['quota_account.adjusted_ms', 'quota_account.used_ms', 'quota_account.reserved_ms'])
    .where('account.id', '=', userId)
    .executeTakeFirstOrThrow()
  const adjusted_ms = row.adjusted_ms ?? 0
  const used_ms = row.used_ms ?? 0
  const reserved_ms = row.reserved_ms ?? 0
  const granted_ms = Math.max(row.seconds_per_month * 1000 + adjusted_ms, used_ms + reserved_ms)
  return {
    plan: toPlan(row),
    ...toQuotaBalance({ ...row, granted_ms, adjusted_ms, used_ms, reserved_ms }),
    costMicros: row.spent_micros ?? 0,
  }
}
