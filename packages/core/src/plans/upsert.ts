import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Plan, toPlan } from './plan.ts'

const whole = (least: number, most: number) => z.number().int().min(least).max(most)

export const upsertPlanInput = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be lower case letters, digits, - or _, at most 32'),
  name: z.string().trim().min(1).max(100),
  secondsPerMonth: whole(0, 1_000_000_000),
  requestsPerMinute: whole(1, 1_000_000),
  concurrency: whole(1, 10_000),
  storageBytes: whole(0, Number.MAX_SAFE_INTEGER),
  // Six bytes each when all are escaped: what a server takes as one body.
  maxCharacters: whole(1, 2_000_000),
})

/** Makes or changes a plan. Accounts on it feel the change with their next reservation. */
export async function upsertPlan(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof upsertPlanInput>,
): Promise<Plan> {
  permitAdmin(actor)
  const values = {
    name: input.name,
    seconds_per_month: input.secondsPerMonth,
    requests_per_minute: input.requestsPerMinute,
    concurrency: input.concurrency,
    storage_bytes: input.storageBytes,
    max_characters: input.maxCharacters,
  }
  const row = await db
    .insertInto('plan')
    .values({ id: input.id, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...values, updated_at: new Date() }))
    .returningAll()
    .executeTakeFirstOrThrow()
  return toPlan(row)
}
