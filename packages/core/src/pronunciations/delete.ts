import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { findPronunciation, type pronunciationIdInput } from './queries.ts'

/**
 * Forgets how a word is to be said. What was asked for before is not changed by it.
 *
 * @throws {Refusal} `pronunciation_not_found`, `scope_missing`.
 */
export async function deletePronunciation(
  { db, actor }: Caller<'db' | 'actor'>,
  { id }: z.output<typeof pronunciationIdInput>,
): Promise<void> {
  const userId = permit(actor, 'voices:write')
  const { id: found } = await findPronunciation(db, userId, id)
  await db.deleteFrom('pronunciation').where('id', '=', found).execute()
}
