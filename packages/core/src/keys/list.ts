import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { type ApiKey, toApiKey } from './key.ts'

export const listKeysInput = z.strictObject(pageInput)

/** The caller's keys, newest first, revoked ones included. */
export async function listKeys(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof listKeysInput>,
): Promise<Page<ApiKey>> {
  const userId = permit(actor, 'keys:read')
  const after = readCursor(input.cursor)
  const rows = await db
    .selectFrom('api_key')
    .selectAll()
    .where('user_id', '=', userId)
    .$if(after !== null, (query) => query.where('id', '<', after))
    .orderBy('id', 'desc')
    .limit(input.limit + 1)
    .execute()
  return toPage(rows, input.limit, toApiKey)
}
