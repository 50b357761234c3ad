import type { Db } from '@loqui/db/client'
import type { EventRow } from '@loqui/db/schema/generations'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import { type GenerationEvent, toGenerationEvent } from './generation.ts'
import { findGeneration } from './queries.ts'

const lastEventId = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of an event')
  .transform(Number)
  .nullish()

export const watchGenerationInput = z.strictObject({ id: idSchema('generation'), lastEventId })
export const watchEventsInput = z.strictObject({ lastEventId }).default({})

/** A lost hint costs at most this much. */
const pollMs = 3_000
const batch = 200

/**
 * The events of one generation from its first, or after `lastEventId`, as they commit; ends after the last one.
 *
 * @throws {Refusal} `generation_not_found`, before there is anything to follow.
 */
export async function watchGeneration(
  caller: Caller<'db' | 'actor' | 'listener'>,
  input: z.output<typeof watchGenerationInput>,
  signal: AbortSignal,
): Promise<AsyncIterable<GenerationEvent>> {
  const userId = permit(caller.actor, 'generations:read')
  // Read before the generation: what ends it in between then still comes after.
  const last = await lastSeq(caller.db, userId)
  const { id, finished_at } = await findGeneration(caller.db, userId, input.id)
  const after = Math.min(input.lastEventId ?? 0, last)
  // Whoever has seen the last event already would otherwise wait for a next one that never comes.
  const isOver = finished_at !== null && !(await hasEventsAfter(caller.db, userId, id, after))
  return isOver ? nothing() : untilFinal(follow(caller, userId, id, after, signal))
}

/**
 * Everything that happens to the caller's generations, after `lastEventId` or from now on: from the moment this
 * resolves nothing is missed. Ends with the signal.
 */
export async function watchEvents(
  caller: Caller<'db' | 'actor' | 'listener'>,
  input: z.output<typeof watchEventsInput>,
  signal: AbortSignal,
): Promise<AsyncIterable<GenerationEvent>> {
  const userId = permit(caller.actor, 'generations:read')
  const last = await lastSeq(caller.db, userId)
  return follow(caller, userId, null, Math.min(input.lastEventId ?? last, last), signal)
}

async function* nothing(): AsyncGenerator<never> {}

async function* untilFinal(events: AsyncIterable<GenerationEvent>): AsyncGenerator<GenerationEvent> {
  for await (const event of events) {
    yield event
    if (event.type !== 'queued' && event.type !== 'running' && event.type !== 'segment') return
  }
}

/** Listens first, then reads, then follows: an event that commits in between is hinted, one before is read. */
async function* follow(
  { db, listener }: Caller<'db' | 'listener'>,
  userId: string,
  generationId: string | null,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<GenerationEvent> {
  let wake = Promise.withResolvers<void>()
  // One promise for every cause: racing a long-lived one would leave a reaction on it with each turn.
  const wakeUp = () => wake.resolve()
  const unlisten = listener.on('events', userId, wakeUp)
  signal.addEventListener('abort', wakeUp)
  try {
    let seen = after
    while (!signal.aborted) {
      wake = Promise.withResolvers<void>()
      const rows = await readEvents(db, userId, generationId, seen)
      for (const row of rows) {
        yield toGenerationEvent(row)
        seen = row.seq
      }
      if (rows.length === batch || signal.aborted) continue
      const poll = setTimeout(wakeUp, pollMs)
      await wake.promise
      clearTimeout(poll)
    }
  } finally {
    unlisten()
    signal.removeEventListener('abort', wakeUp)
  }
}

function readEvents(db: Db, userId: string, generationId: string | null, after: number): Promise<EventRow[]> {
  let query = db.selectFrom('event').selectAll().where('user_id', '=', userId).where('seq', '>', after)
  if (generationId !== null) query = query.where('generation_id', '=', generationId)
  return query.orderBy('seq').limit(batch).execute()
}

async function hasEventsAfter(db: Db, userId: string, generationId: string, after: number): Promise<boolean> {
  return (await readEvents(db, userId, generationId, after)).length > 0
}

/** The last event there is. An id beyond it, as from before a backup was restored, would be waited for in vain. */
async function lastSeq(db: Db, userId: string): Promise<number> {
  const row = await db.selectFrom('event_stream').select('last_seq').where('user_id', '=', userId).executeTakeFirst()
  return row?.last_seq ?? 0
}
