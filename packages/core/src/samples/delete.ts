import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
import { wireId } from '../ids.ts'
import { purgeSamples } from './purge.ts'
import { findSample, type SampleIdInput, sampleNotFound } from './queries.ts'

/**
 * Deletes a sample. It is gone at once, and so are links to it; voices made from it become unavailable. Its audio is removed
 * right away, or by the sweep where the store does not answer.
 *
 * @throws {Refusal} `sample_not_found`; `sample_in_use` for the recording of a consent that holds.
 */
export async function deleteSample(
  caller: Caller<'db' | 'actor' | 'hints' | 'storage' | 'log'>,
  { id }: SampleIdInput,
): Promise<void> {
  const { db, actor, hints, log } = caller
  const userId = permit(actor, 'samples:write')
  await transaction(db, async (trx) => {
    await findSample(trx, userId, id)
    const proven = await trx
      .selectFrom('consent')
      .select('id')
      .where('recording_id', '=', id)
      .where('revoked_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`clock_timestamp()`)]))
      .executeTakeFirst()
    if (proven) {
      throw new Refusal(
        'sample_in_use',
        `id: this recording proves the consent ${wireId('consent', proven.id)}; revoke that first.`,
      )
    }
    const { numUpdatedRows } = await trx
      .updateTable('sample')
      .set({ deleted_at: sql<Date>`clock_timestamp()` })
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw sampleNotFound()
    // Its idempotency key goes on answering with it, so that a repetition that comes late brings nothing back.
    await sql`
      update idempotency set response = (response::jsonb || '{"name": "", "peaks": []}')::text
      where user_id = ${userId} and about = ${wireId('sample', id)}
    `.execute(trx)
    const voices = await trx
      .selectFrom('voice')
      .innerJoin('voice_sample', 'voice_id', 'voice.id')
      .select('voice.id')
      .where('sample_id', '=', id)
      .where('deleted_at', 'is', null)
      .execute()
    await appendEvent(trx, userId, 'sample.deleted', id)
    for (const voice of voices) await appendEvent(trx, userId, 'voice.updated', voice.id)
  })
  hints.hint('events', userId)
  await purgeSamples(caller).catch((error: unknown) => {
    log.warn({ error, sampleId: id }, 'audio of a deleted sample is left to the sweep')
  })
}
