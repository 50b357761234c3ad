import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { type Consent, toConsent } from './consent.ts'
import { viewConsents } from './queries.ts'

export const listConsentsInput = z.strictObject({
  ...pageInput,
  /** Only those that hold now, or only those that were revoked or have expired. */
  live: z.boolean().optional(),
})

/**
 * The caller's consents, newest first, ended ones included.
 *
 * @throws {Refusal} `cursor_malformed`, `scope_missing`, `forbidden`.
 */
export async function listConsents(
  { db, actor }: Caller<'db' | 'actor'>,
  { cursor, limit, live }: z.output<typeof listConsentsInput>,
): Promise<Page<Consent>> {
  const userId = permit(actor, 'consents:read')
  const after = readCursor(cursor)
  const rows = await viewConsents(db, userId)
    .$if(after !== null, (query) => query.where('consent.id', '<', after))
    .$if(live !== undefined, (query) => query.where(sql<boolean>`consent_holds(consent.id) = ${live}`))
    .orderBy('consent.id', 'desc')
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit, toConsent)
}
