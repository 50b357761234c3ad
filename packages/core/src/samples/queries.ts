import type { Db, Trx } from '@loqui/db/client'
import { sql } from 'kysely'
import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { idSchema } from '../ids.ts'
import type { SampleSelection } from './sample.ts'

export const sampleIdInput = z.strictObject({ id: idSchema('sample') })
export type SampleIdInput = z.output<typeof sampleIdInput>

export const sampleNotFound = () => new Refusal('sample_not_found', 'id: there is no such sample.')

/** The samples that a user can see, each with a consent that covers it and holds. */
export const samplesOf = (db: Db | Trx, userId: string) =>
  db
    .selectFrom('sample')
    .selectAll()
    .select(
      sql<string | null>`(
        select c.id from consent_sample cs join consent c on c.id = cs.consent_id
        where cs.sample_id = sample.id and cs.audio_sha256 = sample.audio_sha256
          and c.revoked_at is null and (c.expires_at is null or c.expires_at > now())
        order by c.id desc limit 1)`.as('consent_id'),
    )
    .where('user_id', '=', userId)
    .where('deleted_at', 'is', null)

/**
 * A sample of this user.
 *
 * @throws {Refusal} `sample_not_found`, also for a deleted one and one that is somebody else's.
 */
export async function findSample(db: Db | Trx, userId: string, id: string): Promise<SampleSelection> {
  const row = await samplesOf(db, userId).where('id', '=', id).executeTakeFirst()
  if (!row) throw sampleNotFound()
  return row
}
