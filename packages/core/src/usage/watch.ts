import type { EventRow } from '@loqui/db/schema/generations'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { findPlace, lastEventId } from '../events/place.ts'
import type { CurrentUsage } from './current.ts'
import { readUsage } from './queries.ts'

export const watchUsageInput = z.strictObject({ lastEventId }).default({})

/** What is used and left after an event. */
export interface UsageChange {
  /** Of the event; grows, and numbers the same as those of `events`. */
  id: string
  usage: CurrentUsage
}

/**
 * What the caller has used and has left: how it is, at once, and how it is after each change. Who names the last event they have
 * seen is told at once only if there has been one since. Ends with the signal.
 *
 * @throws {Refusal} `scope_missing`, `forbidden`, `events_expired`.
 */
export async function watchUsage(
  caller: Caller<'db' | 'actor' | 'events'>,
  input: z.output<typeof watchUsageInput>,
  signal: AbortSignal,
): Promise<AsyncIterable<UsageChange>> {
  const { db, events } = caller
  const userId = permit(caller.actor, 'usage:read')
  const { after, last } = await findPlace(db, userId, input.lastEventId, 'first')
  const following = { userId, topic: { kind: 'usage' }, after: last, last } as const

  async function* changes(): AsyncGenerator<UsageChange> {
    // What came in between is in how it is now.
    if (after < last || last === 0) yield { id: String(last), usage: await readUsage(db, userId) }
    for await (const row of events.follow(following, signal, (row) => row)) {
      const usage = read.get(row) ?? readUsage(db, userId)
      read.set(row, usage)
      yield { id: String(row.seq), usage: await usage }
    }
  }
  return changes()
}

/** One for all who are told of it. */
const read = new WeakMap<EventRow, Promise<CurrentUsage>>()
