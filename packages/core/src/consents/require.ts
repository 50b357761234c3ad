import type { Trx } from '@loqui/db/client'
import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import type { OwnSample } from '../voices/samples.ts'

/**
 * The id of a consent of this user that holds and covers all of the samples by their bytes. Asked for under the user's
 * quota lock, it holds until the transaction ends.
 *
 * @throws {Refusal} `consent_required`.
 */
export async function requireConsent(
  trx: Trx,
  userId: string,
  id: string | null | undefined,
  samples: readonly OwnSample[],
): Promise<string> {
  if (id === null || id === undefined) {
    throw required('whoever speaks in the samples has to consent first: consents.statement, then consents.create')
  }
  const consent = await trx
    .selectFrom('consent')
    .select(['revoked_at', sql<boolean>`consent_holds(id)`.as('holds')])
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (!consent) throw required('there is no such consent of yours')
  if (!consent.holds) throw required(`this consent ${consent.revoked_at ? 'was revoked' : 'has expired'}`)
  const covered = await trx
    .selectFrom('consent_sample')
    .select(['sample_id', 'audio_sha256'])
    .where('consent_id', '=', id)
    .execute()
  const isCovered = ({ id, audio_sha256 }: OwnSample) =>
    covered.some((row) => row.sample_id === id && row.audio_sha256 === audio_sha256)
  if (!samples.every(isCovered)) throw required('this consent does not cover all of these samples')
  return id
}

function required(message: string): Refusal {
  return new Refusal('consent_required', `consentId: ${message}.`, { issues: [{ field: 'consentId', message }] })
}
