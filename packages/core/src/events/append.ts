import type { Trx } from '@loqui/db/client'
import type { EventTypeBeside } from '@loqui/db/schema/generations'
import { sql } from 'kysely'

/**
 * Writes down what happened to something of a user's that is no generation. The last thing in its transaction, which holds the
 * user's events from then on; hint `events` after the commit.
 *
 * @param id of the row that it happened to.
 */
export async function appendEvent(
  trx: Trx,
  userId: string,
  type: EventTypeBeside,
  id: string | null = null,
): Promise<void> {
  await sql`select event_append_beside(${userId}, ${type}, ${id})`.execute(trx)
}
