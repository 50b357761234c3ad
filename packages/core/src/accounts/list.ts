import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { type Account, toAccount } from './account.ts'

export const listAccountsInput = z.strictObject({
  /** Part of an e-mail address or of a name, in any case. */
  search: z.string().trim().min(1).max(254).optional(),
  ...pageInput,
})

/**
 * Every account, newest first.
 *
 * @throws {Refusal} `forbidden`, `scope_missing`, `cursor_malformed`.
 */
export async function listAccounts(
  { db, actor }: Caller<'db' | 'actor'>,
  { search, cursor, limit }: z.output<typeof listAccountsInput>,
): Promise<Page<Account>> {
  permitAdmin(actor)
  const after = readCursor(cursor)
  let query = db.selectFrom('account').selectAll()
  if (after !== null) query = query.where('id', '<', after)
  if (search !== undefined) {
    const wanted = search.toLowerCase()
    query = query.where((eb) =>
      eb.or(
        (['email', 'name'] as const).map((column) =>
          // Not LIKE: there % and _ would mean something.
          eb(eb.fn<number>('strpos', [eb.fn<string>('lower', [column]), eb.val(wanted)]), '>', 0),
        ),
      ),
    )
  }
  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit, toAccount)
}
