import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { dayRangeInput, readDayRange } from '../usage/range.ts'
import { limitSchema, reportUsage, type UsageReport } from '../usage/report.ts'

export const listCostsInput = z.strictObject({
  ...dayRangeInput,
  by: z.enum(['user', 'key', 'voice', 'engine', 'day']).default('user'),
  /** Most rows; days are never left out. */
  limit: limitSchema,
})

/**
 * What everybody's generations cost, of this calendar month so far unless other days are asked for.
 *
 * @throws {Refusal} `invalid_input`, `forbidden`, `scope_missing`.
 */
export async function listCosts(
  { db, actor }: Caller<'db' | 'actor'>,
  { by, limit, ...days }: z.output<typeof listCostsInput>,
): Promise<UsageReport> {
  permitAdmin(actor)
  const range = await readDayRange(db, days, (to) => `${to.slice(0, 7)}-01`)
  return reportUsage(db, { ...range, by, limit })
}
