import type { Trx } from '@loqui/db/client'
import type { SampleRow } from '@loqui/db/schema/samples'
import { Refusal } from '../errors.ts'

export type OwnSample = Pick<
  SampleRow,
  'id' | 'purpose' | 'audio_bytes' | 'audio_sha256' | 'duration_ms' | 'measured' | 'created_at'
>

/**
 * Samples of this user that are there, in the order they are asked for; none of them can be deleted until the transaction
 * ends.
 *
 * @throws {Refusal} `sample_not_found` for one that is not, or is somebody else's.
 */
export async function holdSamples(
  trx: Trx,
  userId: string,
  ids: readonly string[],
  field: string,
): Promise<OwnSample[]> {
  const rows = await trx
    .selectFrom('sample')
    .select(['id', 'purpose', 'audio_bytes', 'audio_sha256', 'duration_ms', 'measured', 'created_at'])
    .where('id', 'in', [...ids])
    .where('user_id', '=', userId)
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .forShare()
    .execute()
  return ids.map((id) => {
    const row = rows.find((each) => each.id === id)
    if (!row) throw new Refusal('sample_not_found', `${field}: there is no such sample.`)
    return row
  })
}
