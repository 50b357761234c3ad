import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type GenerationStatus, statusColumns, toGenerationStatus } from './generation.ts'
import { type GenerationIdInput, generationNotFound } from './queries.ts'

/**
 * The part of a generation that moves, for who polls.
 *
 * @throws {Refusal} `generation_not_found`.
 */
export async function generationStatus(
  { db, actor }: Caller<'db' | 'actor'>,
  { id }: GenerationIdInput,
): Promise<GenerationStatus> {
  const userId = permit(actor, 'generations:read')
  const row = await db
    .selectFrom('generation')
    .select(statusColumns)
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (!row) throw generationNotFound()
  return toGenerationStatus(row)
}
