import { sql } from 'kysely'
import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { type Budget, selectBudgets, toBudget } from './budget.ts'

export const listBudgetsInput = z.strictObject(pageInput)

/** In the place of the user that the installation's budget does not have: before all of them. */
const installation = '00000000-0000-0000-0000-000000000000'

/**
 * The installation's budget, where it has one, and then those of users, the oldest account first.
 *
 * @throws {Refusal} `forbidden`, `scope_missing`, `cursor_malformed`.
 */
export async function listBudgets(
  { db, actor }: Caller<'db' | 'actor'>,
  { cursor, limit }: z.output<typeof listBudgetsInput>,
): Promise<Page<Budget>> {
  permitAdmin(actor)
  const after = readCursor(cursor)
  const id = sql<string>`coalesce(budget.user_id, ${installation})`
  const rows = await selectBudgets(db)
    .select(id.as('id'))
    .$if(after !== null, (query) => query.where(id, '>', after))
    .orderBy(id)
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit, toBudget)
}
