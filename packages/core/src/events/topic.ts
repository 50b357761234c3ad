import type { EventRow, EventTypeBeside, LibraryEventType } from '@loqui/db/schema/generations'

/** What of a user's events somebody follows. */
export type Topic =
  /** Those of one generation, by the id of its row. */
  | { readonly kind: 'generation'; readonly id: string }
  /** Those of all generations. */
  | { readonly kind: 'generations' }
  /** Those of samples and voices. */
  | { readonly kind: 'library' }
  /** Those that change what is used, held or left of the quota. */
  | { readonly kind: 'usage' }

export const libraryEvents = [
  'sample.created',
  'sample.renamed',
  'sample.deleted',
  'voice.created',
  'voice.updated',
  'voice.deleted',
] as const satisfies LibraryEventType[]

/** A generation holds some of its quota when it is created, and gives back what it did not need when it ends. */
export const usageEvents = [
  'queued',
  'succeeded',
  'failed',
  'canceled',
  'usage.changed',
] as const satisfies EventRow['type'][]

const ofUsage: ReadonlySet<EventRow['type']> = new Set(usageEvents)

/** Names a topic among those of one user. */
export const topicKey = (topic: Topic): string => (topic.kind === 'generation' ? topic.id : topic.kind)

/** The topics that an event is on, by their keys. */
export function topicKeysOf({ generation_id, type }: Pick<EventRow, 'generation_id' | 'type'>): readonly string[] {
  const own = generation_id === null ? keysBeside(type as EventTypeBeside) : [generation_id, 'generations']
  return ofUsage.has(type) ? [...own, 'usage'] : own
}

const keysBeside = (type: EventTypeBeside): string[] => (type === 'usage.changed' ? [] : ['library'])
