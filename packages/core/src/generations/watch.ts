import type { EventRow, EventType } from '@loqui/db/schema/generations'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { findPlace, lastEventId } from '../events/place.ts'
import { readTopic } from '../events/queries.ts'
import { idSchema } from '../ids.ts'
import { type GenerationEvent, toGenerationEvent } from './generation.ts'
import { findGeneration } from './queries.ts'

export const watchGenerationInput = z.strictObject({ id: idSchema('generation'), lastEventId })
export const watchEventsInput = z.strictObject({ lastEventId }).default({})

/**
 * The events of one generation from its first, or after `lastEventId`, as they commit; ends after the last one.
 *
 * @throws {Refusal} `generation_not_found`, `events_expired`, before there is anything to follow.
 */
export async function watchGeneration(
  caller: Caller<'db' | 'actor' | 'events'>,
  input: z.output<typeof watchGenerationInput>,
  signal: AbortSignal,
): Promise<AsyncIterable<GenerationEvent>> {
  const userId = permit(caller.actor, 'generations:read')
  // Read before the generation: what ends it in between then still comes after.
  const { after, last } = await findPlace(caller.db, userId, input.lastEventId, 'first')
  const { id, finished_at } = await findGeneration(caller.db, userId, input.id)
  // Whoever has seen the last event already would otherwise wait for a next one that never comes.
  const topic = { kind: 'generation', id } as const
  const isOver = finished_at !== null && (await readTopic(caller.db, { userId, topic, after, batch: 1 })).length === 0
  return isOver ? nothing() : untilFinal(caller.events.follow({ userId, topic, after, last }, signal, tell))
}

/**
 * Everything that happens to the caller's generations, after `lastEventId` or from now on: from the moment this
 * resolves nothing is missed. Ends with the signal.
 *
 * @throws {Refusal} `events_expired`.
 */
export async function watchEvents(
  caller: Caller<'db' | 'actor' | 'events'>,
  input: z.output<typeof watchEventsInput>,
  signal: AbortSignal,
): Promise<AsyncIterable<GenerationEvent>> {
  const userId = permit(caller.actor, 'generations:read')
  const place = await findPlace(caller.db, userId, input.lastEventId, 'last')
  return caller.events.follow({ userId, topic: { kind: 'generations' }, ...place }, signal, tell)
}

async function* nothing(): AsyncGenerator<never> {}

/** After any other event of a generation comes none. */
const passing: ReadonlySet<EventType> = new Set(['queued', 'running', 'waiting', 'fell_back', 'segment'])

async function* untilFinal(events: AsyncIterable<GenerationEvent>): AsyncGenerator<GenerationEvent> {
  for await (const event of events) {
    yield event
    if (!passing.has(event.type)) return
  }
}

/** One for all who are told of it. */
const told = new WeakMap<EventRow, GenerationEvent>()

function tell(row: EventRow): GenerationEvent {
  if (row.generation_id === null) throw new Error(`event ${row.seq} is about no generation`)
  const event = told.get(row) ?? toGenerationEvent(row)
  told.set(row, event)
  return event
}
