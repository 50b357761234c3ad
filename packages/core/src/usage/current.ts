import { sql } from 'kysely'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Plan, toPlan } from '../plans/plan.ts'

/** The running period: what the plan grants, and where it went. All in milliseconds of audio. */
export interface CurrentUsage {
  plan: Plan
  /** ISO 8601; `end` is when the next period begins. */
  period: { start: string; end: string }
  grantedMs: number
  /** Charged for generations that succeeded. */
  usedMs: number
  /** Held for generations that wait or run. */
  reservedMs: number
  remainingMs: number
}

/**
 * What the caller has used and has left. The period's row opens with its first reservation; until then, and after a
 * change of plan, the grant is worked out as `quota_open()` would.
 */
export async function currentUsage({ db, actor }: Caller<'db' | 'actor'>): Promise<CurrentUsage> {
  const userId = permit(actor, 'usage:read')
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
    .selectAll('plan')
    .select(['period.period_start', 'period.period_end', 'quota_account.used_ms', 'quota_account.reserved_ms'])
    .where('account.id', '=', userId)
    .executeTakeFirstOrThrow()
  const usedMs = row.used_ms ?? 0
  const reservedMs = row.reserved_ms ?? 0
  const grantedMs = Math.max(row.seconds_per_month * 1000, usedMs + reservedMs)
  return {
    plan: toPlan(row),
    period: { start: row.period_start.toISOString(), end: row.period_end.toISOString() },
    grantedMs,
    usedMs,
    reservedMs,
    remainingMs: grantedMs - usedMs - reservedMs,
  }
}
