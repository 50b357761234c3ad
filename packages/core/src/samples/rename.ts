import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { sampleName } from './name.ts'
import { findSample, sampleIdInput, sampleNotFound } from './queries.ts'
import { type Sample, toSample } from './sample.ts'

export const renameSampleInput = sampleIdInput.extend({ name: sampleName })

/** @throws {Refusal} `sample_not_found`. */
export async function renameSample(
  { db, actor }: Caller<'db' | 'actor'>,
  { id, name }: z.output<typeof renameSampleInput>,
): Promise<Sample> {
  const userId = permit(actor, 'samples:write')
  const { numUpdatedRows } = await db
    .updateTable('sample')
    .set({ name })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw sampleNotFound()
  return toSample(await findSample(db, userId, id))
}
