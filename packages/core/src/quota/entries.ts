import { z } from 'zod'
import { accountExists, userNotFound } from '../accounts/queries.ts'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { type QuotaEntry, toQuotaEntry } from './entry.ts'

export const listQuotaEntriesInput = z.strictObject({ userId: idSchema('user'), ...pageInput })

/**
 * The ledger of an account, newest line first.
 *
 * @throws {Refusal} `user_not_found`, `cursor_malformed`, `forbidden`, `scope_missing`.
 */
export async function listQuotaEntries(
  { db, actor }: Caller<'db' | 'actor'>,
  { userId, cursor, limit }: z.output<typeof listQuotaEntriesInput>,
): Promise<Page<QuotaEntry>> {
  permitAdmin(actor)
  const after = readCursor(cursor)
  if (!(await accountExists(db, userId))) throw userNotFound('userId')
  let query = db.selectFrom('quota_entry').selectAll().where('user_id', '=', userId)
  if (after !== null) {
    // The ids are random and a time may be another's too: only both together have an order. Lines stay for good, so the
    // one that a cursor names is there.
    query = query.where((eb) =>
      eb(
        eb.refTuple('created_at', 'id'),
        '<',
        eb
          .selectFrom('quota_entry as last')
          .select(['last.created_at', 'last.id'])
          .where('last.id', '=', after)
          .where('last.user_id', '=', userId)
          .$asTuple('created_at', 'id'),
      ),
    )
  }
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit, toQuotaEntry)
}
