import { transaction } from '@loqui/db/transaction'
import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { appendEvent } from '../events/append.ts'
import { sampleName } from './name.ts'
import { findSample, sampleIdInput, sampleNotFound } from './queries.ts'
import { type Sample, toSample } from './sample.ts'

export const renameSampleInput = sampleIdInput.extend({ name: sampleName })

/** @throws {Refusal} `sample_not_found`. */
export async function renameSample(
  { db, actor, hints }: Caller<'db' | 'actor' | 'hints'>,
  { id, name }: z.output<typeof renameSampleInput>,
): Promise<Sample> {
  const userId = permit(actor, 'samples:write')
  const renamed = await transaction(db, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('sample')
      .set({ name })
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw sampleNotFound()
    const row = await findSample(trx, userId, id)
    await appendEvent(trx, userId, 'sample.renamed', id)
    return row
  })
  hints.hint('events', userId)
  return toSample(renamed)
}
