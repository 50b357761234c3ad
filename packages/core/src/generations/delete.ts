import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { wireId } from '../ids.ts'
import { giveUp } from './finish.ts'
import { purgeDeleted } from './purge-deleted.ts'
import { findGeneration, type GenerationIdInput } from './queries.ts'

/**
 * Deletes a generation with its text and audio; one that waits or runs is canceled first. What was charged stays
 * charged, and the row stays as a tombstone so that the ledger keeps its other half.
 *
 * @throws {Refusal} `generation_not_found`.
 */
export async function deleteGeneration(
  caller: Caller<'db' | 'actor' | 'hints' | 'storage' | 'log'>,
  { id }: GenerationIdInput,
): Promise<void> {
  const { db, actor, hints, log } = caller
  const userId = permit(actor, 'generations:write')
  await findGeneration(db, userId, id)
  await transaction(db, async (trx) => {
    // Its idempotency key goes on answering with it, and says no more than the tombstone does. First, since a create that
    // takes the key over comes from there to the quota.
    await sql`
      update idempotency set response = (response::jsonb || '{"text": "", "excerpt": "", "title": null}')::text
      where user_id = ${userId} and about = ${wireId('generation', id)}
    `.execute(trx)
    await giveUp(trx, id, { state: 'canceled' })
    await sql`
      with deleted as (
        update generation set deleted_at = now(), purged_at = null, text = '', title = null
        where id = ${id} and deleted_at is null returning generation)
      select event_append(generation, 'deleted', null) from deleted
    `.execute(trx)
  })
  hints.hint('cancel', id)
  hints.hint('events', userId)
  await purgeDeleted(caller, id).catch((error: unknown) => {
    log.warn({ error, generationId: id }, 'audio of a deleted generation is left to the sweep')
  })
}
