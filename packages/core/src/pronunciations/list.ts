import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { type Pronunciation, toPronunciation } from './pronunciation.ts'

export const listPronunciationsInput = z.strictObject(pageInput)

/**
 * The caller's pronunciations, newest first.
 *
 * @throws {Refusal} `scope_missing`, `cursor_malformed`.
 */
export async function listPronunciations(
  { db, actor }: Caller<'db' | 'actor'>,
  { cursor, limit }: z.output<typeof listPronunciationsInput>,
): Promise<Page<Pronunciation>> {
  const userId = permit(actor, 'voices:read')
  const after = readCursor(cursor)
  const rows = await db
    .selectFrom('pronunciation')
    .selectAll()
    .where('user_id', '=', userId)
    .$if(after !== null, (query) => query.where('id', '<', after))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  return toPage(rows, limit, toPronunciation)
}
