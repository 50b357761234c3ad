import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
import { idSchema } from '../ids.ts'
import { planExists } from '../plans/queries.ts'
import { type Account, toAccount } from './account.ts'
import { userNotFound } from './queries.ts'

export const updateAccountInput = z.strictObject({
  id: idSchema('user'),
  planId: z.string().optional(),
  role: z.enum(['user', 'admin']).optional(),
  disabled: z.boolean().optional(),
})

/**
 * Changes an account's plan, role or access. A plan takes effect with the next reservation, and never makes a balance
 * negative. Disabling ends every session at once and for good: who is let in again logs in again.
 *
 * @throws {Refusal} `user_not_found`, `plan_not_found`, `forbidden`.
 */
export async function updateAccount(
  { db, actor, hints, queue }: Caller<'db' | 'actor' | 'hints' | 'queue'>,
  input: z.output<typeof updateAccountInput>,
): Promise<Account> {
  permitAdmin(actor)
  if (actor.kind !== 'system' && actor.userId === input.id && (input.role === 'user' || input.disabled)) {
    throw new Refusal('forbidden', 'You cannot take your own administration away: another administrator can.')
  }
  if (input.planId !== undefined && !(await planExists(db, input.planId))) {
    throw new Refusal('plan_not_found', `planId: there is no plan “${input.planId}”.`)
  }
  const row = await transaction(db, async (trx) => {
    if (input.disabled) await trx.deleteFrom('session').where('user_id', '=', input.id).execute()
    if (input.planId !== undefined) {
      // A create under way holds this lock until its job can be seen; one that comes later sees the new plan.
      await lock(trx, 'quota', input.id)
      await queue.moveGroup(trx, input.id, input.planId)
    }
    const updated = await trx
      .updateTable('account')
      .set((eb) => ({
        id: eb.ref('id'),
        ...(input.planId !== undefined && { plan_id: input.planId }),
        ...(input.role !== undefined && { role: input.role }),
        ...(input.disabled !== undefined && { disabled_at: input.disabled ? new Date() : null }),
      }))
      .where('id', '=', input.id)
      .returningAll()
      .executeTakeFirst()
    if (updated && input.planId !== undefined) await appendEvent(trx, updated.id, 'usage.changed')
    return updated
  })
  if (!row) throw userNotFound('id')
  hints.hint('access', row.id)
  if (input.planId !== undefined) hints.hint('events', row.id)
  return toAccount(row)
}
