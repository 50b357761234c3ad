import type { Db } from '@loqui/db/client'
import type { GenerationRow } from '@loqui/db/schema/generations'
import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { idSchema } from '../ids.ts'

export const generationIdInput = z.strictObject({ id: idSchema('generation') })
export type GenerationIdInput = z.output<typeof generationIdInput>

export const generationNotFound = () => new Refusal('generation_not_found', 'id: there is no such generation.')

/**
 * A generation of this user.
 *
 * @throws {Refusal} `generation_not_found`, also for a deleted one and one that is somebody else's.
 */
export async function findGeneration(db: Db, userId: string, id: string): Promise<GenerationRow> {
  const row = await db
    .selectFrom('generation')
    .selectAll()
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (!row) throw generationNotFound()
  return row
}
