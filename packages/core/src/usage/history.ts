import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { addDays, dayRangeInput, readDayRange } from './range.ts'
import { limitSchema, reportUsage, type UsageReport } from './report.ts'

export const usageHistoryInput = z.strictObject({
  ...dayRangeInput,
  by: z.enum(['day', 'voice', 'key', 'engine']).default('day'),
  /** Most rows; days are never left out. */
  limit: limitSchema,
})

/**
 * What the caller used, of the last thirty days unless others are asked for.
 *
 * @throws {Refusal} `invalid_input`, `scope_missing`, `forbidden`.
 */
export async function usageHistory(
  { db, actor }: Caller<'db' | 'actor'>,
  { by, limit, ...days }: z.output<typeof usageHistoryInput>,
): Promise<UsageReport> {
  const userId = permit(actor, 'usage:read')
  const range = await readDayRange(db, days, (to) => addDays(to, -29))
  return reportUsage(db, { ...range, by, userId, limit })
}
