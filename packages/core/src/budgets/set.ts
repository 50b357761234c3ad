import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { accountExists, userNotFound } from '../accounts/queries.ts'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import { type Budget, findBudget } from './budget.ts'

/** A thousand million dollars. */
const mostMicros = 1_000_000_000_000_000

const microsFrom = (least: number) => z.number().int().min(least).max(mostMicros).nullable()

export const setBudgetInput = z
  .strictObject({
    /** `null` for the whole installation. */
    userId: idSchema('user').nullable(),
    alertMicros: microsFrom(1),
    /** With 0 nothing begins that costs anything. */
    limitMicros: microsFrom(0),
  })
  .refine(({ alertMicros, limitMicros }) => (alertMicros ?? 0) <= (limitMicros ?? Number.POSITIVE_INFINITY), {
    path: ['alertMicros'],
    message: 'must not be more than limitMicros: it would never be reached',
    when: ({ issues }) => issues.length === 0,
  })

/**
 * Sets what a user, or the installation, may cost in a calendar month; with neither alert nor limit there is no budget
 * any more. It holds from the next generation on, and leaves alone what waits or runs.
 *
 * @returns `null` when there is none any more.
 * @throws {Refusal} `user_not_found`, `forbidden`, `scope_missing`.
 */
export async function setBudget(
  { db, actor }: Caller<'db' | 'actor'>,
  { userId, alertMicros, limitMicros }: z.output<typeof setBudgetInput>,
): Promise<Budget | null> {
  permitAdmin(actor)
  if (userId !== null && !(await accountExists(db, userId))) throw userNotFound('userId')
  if (alertMicros === null && limitMicros === null) {
    await db.deleteFrom('budget').where('user_id', 'is not distinct from', userId).execute()
    return null
  }
  return transaction(db, async (trx) => {
    const values = { alert_micros: alertMicros, limit_micros: limitMicros }
    await trx
      .insertInto('budget')
      .values({ user_id: userId, ...values, alerted_month: null })
      .onConflict((conflict) =>
        conflict.column('user_id').doUpdateSet({
          ...values,
          updated_at: sql<Date>`clock_timestamp()`,
          // A month that was warned of at another height is not yet warned of at this one.
          alerted_month: sql<Date | null>`case when budget.alert_micros is not distinct from excluded.alert_micros
            then budget.alerted_month end`,
        }),
      )
      .execute()
    return findBudget(trx, userId)
  })
}
