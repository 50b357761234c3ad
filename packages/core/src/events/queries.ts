import type { Db } from '@loqui/db/client'
import type { EventRow } from '@loqui/db/schema/generations'
import { sql } from 'kysely'
import { libraryEvents, type Topic, usageEvents } from './topic.ts'

/** The events of each user after a number, in their order; of each at most `batch`. */
export async function readNewEvents(
  db: Db,
  heads: readonly { readonly userId: string; readonly head: number }[],
  batch: number,
): Promise<EventRow[]> {
  const { rows } = await sql<EventRow>`
    select new.* from unnest(${heads.map(({ userId }) => userId)}::uuid[], ${heads.map(({ head }) => head)}::bigint[])
        as followed (user_id, head)
      cross join lateral (select * from event
        where event.user_id = followed.user_id and seq > head order by seq limit ${batch}) new
    order by new.user_id, new.seq
  `.execute(db)
  return rows
}

export interface TopicPlace {
  readonly userId: string
  readonly topic: Topic
  readonly after: number
}

/** The events of one user on a topic after a number, in their order. */
export function readTopic(
  db: Db,
  { userId, topic, after, batch }: TopicPlace & { readonly batch: number },
): Promise<EventRow[]> {
  let query = db.selectFrom('event').selectAll().where('user_id', '=', userId).where('seq', '>', after)
  if (topic.kind === 'generation') query = query.where('generation_id', '=', topic.id)
  if (topic.kind === 'generations') query = query.where('generation_id', 'is not', null)
  if (topic.kind === 'library') query = query.where('generation_id', 'is', null).where('type', 'in', libraryEvents)
  if (topic.kind === 'usage') query = query.where('type', 'in', usageEvents)
  // Which data go with which type is the checks' and functions' to keep.
  return query.orderBy('seq').limit(batch).execute() as Promise<EventRow[]>
}

/** The number of each user's last event, of those who have any. */
export function readLastNumbers(db: Db, userIds: readonly string[]): Promise<{ user_id: string; last_seq: number }[]> {
  return db
    .selectFrom('event_stream')
    .select(['user_id', 'last_seq'])
    .where((eb) => eb('user_id', '=', eb.fn.any(eb.val([...userIds]))))
    .execute()
}
