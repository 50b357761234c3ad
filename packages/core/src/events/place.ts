import type { Db } from '@loqui/db/client'
import { z } from 'zod'
import { Refusal } from '../errors.ts'

/** The event to go on after, by its id. */
export const lastEventId = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of an event')
  .transform(Number)
  .nullish()

/** Where in a user's events somebody begins. */
export interface Place {
  /** After the event of this number. */
  readonly after: number
  /** The number of the last event that there is. */
  readonly last: number
}

/**
 * Finds out where to begin. An id beyond the last event, as from before a backup was restored, would be waited for in vain, and
 * is taken for the last one.
 *
 * @param otherwise where to begin when no event is named: with the first one that is kept, or after the last.
 * @throws {Refusal} `events_expired` when events after the one that is named are not kept any more.
 */
export async function findPlace(
  db: Db,
  userId: string,
  lastEventId: number | null | undefined,
  otherwise: 'first' | 'last',
): Promise<Place> {
  const stream = await db
    .selectFrom('event_stream')
    .select(['last_seq', 'forgotten_seq'])
    .where('user_id', '=', userId)
    .executeTakeFirst()
  const last = stream?.last_seq ?? 0
  const forgotten = stream?.forgotten_seq ?? 0
  if (lastEventId === null || lastEventId === undefined) return { after: otherwise === 'first' ? 0 : last, last }
  // 0 is no event's: it asks for whatever there is.
  if (lastEventId > 0 && lastEventId < forgotten) {
    const message = `events are kept for ${keptDays} days, and some after this one are not any more. Look at what you follow afresh, and begin without it`
    throw new Refusal('events_expired', `lastEventId: ${message}.`, { issues: [{ field: 'lastEventId', message }] })
  }
  return { after: Math.min(lastEventId, last), last }
}

/** Longer than anybody is away who means to go on where they were. */
export const keptDays = 30
