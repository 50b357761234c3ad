import type { EventRow, LibraryEventType } from '@loqui/db/schema/generations'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { findPlace, lastEventId } from '../events/place.ts'
import { wireId } from '../ids.ts'

export const watchLibraryInput = z.strictObject({ lastEventId }).default({})

/** A numbered fact about a sample or a voice. What it is called and all else is to be had of the thing itself. */
export interface LibraryEvent {
  /** Grows, and numbers the same as those of `events`; resume after it. */
  id: string
  type: LibraryEventType
  /** `smp_…` or `voi_…` */
  subjectId: string
  /** ISO 8601. */
  createdAt: string
}

/**
 * What happens to the caller's samples and voices, after `lastEventId` or from now on: from the moment this resolves nothing is
 * missed. A voice is updated, too, when it can or can no longer speak because of its consent or samples. Ends with the signal.
 *
 * @throws {Refusal} `scope_missing`, `forbidden`, `events_expired`.
 */
export async function watchLibrary(
  { db, actor, events }: Caller<'db' | 'actor' | 'events'>,
  input: z.output<typeof watchLibraryInput>,
  signal: AbortSignal,
): Promise<AsyncIterable<LibraryEvent>> {
  const userId = permit(actor, 'voices:read')
  permit(actor, 'samples:read')
  const place = await findPlace(db, userId, input.lastEventId, 'last')
  return events.follow({ userId, topic: { kind: 'library' }, ...place }, signal, tell)
}

function tell({ seq, type, generation_id, data, created_at }: EventRow): LibraryEvent {
  if (generation_id !== null || type === 'usage.changed' || data.id === null) {
    throw new Error(`event ${seq} is about no sample and no voice`)
  }
  const kind = type.startsWith('sample.') ? 'sample' : 'voice'
  return { id: String(seq), type, subjectId: wireId(kind, data.id), createdAt: created_at.toISOString() }
}
