import type { Db, Trx } from '@loqui/db/client'
import { sql } from 'kysely'
import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { idSchema } from '../ids.ts'
import type { ConsentView } from './consent.ts'

export const consentIdInput = z.strictObject({ id: idSchema('consent') })

/** The consents of a user, with what each covers. */
export function viewConsents(db: Db | Trx, userId: string) {
  return db
    .selectFrom('consent')
    .selectAll('consent')
    .select(
      sql<string[]>`array(select sample_id from consent_sample where consent_id = consent.id order by sample_id)`.as(
        'sample_ids',
      ),
    )
    .where('consent.user_id', '=', userId)
}

/**
 * A consent of this user.
 *
 * @throws {Refusal} `consent_not_found`, also for one that is somebody else's.
 */
export async function findConsent(db: Db | Trx, userId: string, id: string): Promise<ConsentView> {
  const row = await viewConsents(db, userId).where('consent.id', '=', id).executeTakeFirst()
  if (!row) throw new Refusal('consent_not_found', 'id: there is no such consent.')
  return row
}
