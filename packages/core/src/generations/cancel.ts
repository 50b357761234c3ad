import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { giveUp } from './finish.ts'
import { type Generation, toGeneration } from './generation.ts'
import { purgeAudio } from './purge.ts'
import { findGeneration, type GenerationIdInput } from './queries.ts'

/**
 * Ends a generation that waits or runs; all it held is released and nothing is charged. One that has ended stays as it
 * is: the answer's `state` says which.
 *
 * @throws {Refusal} `generation_not_found`.
 */
export async function cancelGeneration(
  { db, actor, hints, storage, log }: Caller<'db' | 'actor' | 'hints' | 'storage' | 'log'>,
  { id }: GenerationIdInput,
): Promise<Generation> {
  const userId = permit(actor, 'generations:write')
  const found = await findGeneration(db, userId, id)
  const canceled = await giveUp(db, id, { state: 'canceled' })
  if (!canceled) return toGeneration(found.finished_at ? found : await findGeneration(db, userId, id))
  hints.hint('cancel', id)
  hints.hint('events', userId)
  await purgeAudio({ storage }, id).catch((error: unknown) => {
    log.warn({ error, generationId: id }, 'audio of a canceled generation is left to the sweep')
  })
  return toGeneration(canceled)
}
