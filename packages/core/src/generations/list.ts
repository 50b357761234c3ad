import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { type GenerationSummary, summaryColumns, toGenerationSummary } from './generation.ts'

export const listGenerationsInput = z.strictObject({
  ...pageInput,
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'canceled']).optional(),
  /** The first take of a text: that and all others of it. */
  takeOf: idSchema('generation').optional(),
})

/** The caller's generations, newest first. */
export async function listGenerations(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof listGenerationsInput>,
): Promise<Page<GenerationSummary>> {
  const userId = permit(actor, 'generations:read')
  const after = readCursor(input.cursor)
  const { state, takeOf } = input
  let query = db
    .selectFrom('generation')
    .select(summaryColumns)
    // A listing must not read a book to show its first line.
    .select((eb) => eb.fn<string>('left', ['text', eb.lit(250)]).as('text'))
    .where('user_id', '=', userId)
    .where('deleted_at', 'is', null)
  if (after !== null) query = query.where('id', '<', after)
  if (state !== undefined) query = query.where('state', '=', state)
  if (takeOf !== undefined) query = query.where((eb) => eb.or([eb('take_of', '=', takeOf), eb('id', '=', takeOf)]))
  const rows = await query
    .orderBy('id', 'desc')
    .limit(input.limit + 1)
    .execute()
  return toPage(rows, input.limit, toGenerationSummary)
}
