import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { samplesOf } from './queries.ts'
import { type Sample, toSample } from './sample.ts'

export const listSamplesInput = z.strictObject({
  ...pageInput,
  purpose: z.enum(['voice', 'consent']).optional(),
  /** Part of a name, in any case. */
  search: z.string().trim().min(1).max(200).optional(),
})

/** The caller's samples, newest first. */
export async function listSamples(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof listSamplesInput>,
): Promise<Page<Sample>> {
  const after = readCursor(input.cursor)
  const { purpose, search } = input
  let query = samplesOf(db, permit(actor, 'samples:read'))
  if (after !== null) query = query.where('id', '<', after)
  if (purpose !== undefined) query = query.where('purpose', '=', purpose)
  if (search !== undefined) query = query.where('name', 'ilike', `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(input.limit + 1)
    .execute()
  return toPage(rows, input.limit, toSample)
}
