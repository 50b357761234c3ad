import type { Generated, JSONColumnType, Selectable } from 'kysely'

export type GenerationState = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'
export type SegmentState = 'queued' | 'submitted' | 'stored' | 'failed'
export type EventType =
  | 'queued'
  | 'running'
  | 'waiting'
  | 'fell_back'
  | 'segment'
  | 'succeeded'
  | 'failed'
  | 'canceled'
  | 'deleted'
export type LibraryEventType =
  | 'sample.created'
  | 'sample.renamed'
  | 'sample.deleted'
  | 'voice.created'
  | 'voice.updated'
  | 'voice.deleted'
/** What a user's events say that are not about a generation. */
export type EventTypeBeside = LibraryEventType | 'usage.changed'

/** How a word is to be said, as it was when a generation was created. */
export interface FrozenPronunciation {
  phrase: string
  replacement: string
  caseSensitive: boolean
}

/** What a generation is spoken with: the columns of which a fallback has its own. */
export interface SpeechColumns {
  voice_id: string
  consent_id: string | null
  engine: string
  settings: Record<string, unknown>
  seed: number | null
  pronunciations: readonly FrozenPronunciation[] | null
  normalized_as: string | null
  estimated_ms: number
  predicted_cost_micros: number
}

export interface GenerationTable {
  id: string
  user_id: string
  key_id: string | null
  voice_id: string
  /** That of a cloned voice; `null` for a preset. */
  consent_id: string | null
  engine: string
  state: Generated<GenerationState>
  text: string
  characters: number
  format: string
  /** Of the audio, in hertz. */
  sample_rate: Generated<number>
  /** In kbit/s, of formats that have a choice of them. */
  bit_rate: number | null
  /** That the audio is brought to, in LUFS. */
  loudness: number | null
  settings: JSONColumnType<Record<string, unknown>>
  /** What the segments' seeds are made of; `null`: the engine chooses. */
  seed: number | null
  /** How words of its text are to be said; `null`: as they are written. */
  pronunciations: JSONColumnType<readonly FrozenPronunciation[]> | null
  /** The language, BCP 47, by which numbers and abbreviations are written out; `null`: the engine reads them as it does. */
  normalized_as: string | null
  /** Since when it waits for its engine, which does not work. */
  degraded_at: Date | null
  title: string | null
  segments_total: number
  segments_done: Generated<number>
  /** Of those done, the ones whose audio is that of an earlier segment. */
  segments_cached: Generated<number>
  /** The first take of its text; `null`: it is the first. */
  take_of: string | null
  /** The take whose segments it keeps, but for those in `spoken_anew`. */
  kept_from: string | null
  spoken_anew: number[] | null
  /** What it is spoken with where its engine does not work; since `fell_back_at`, what it was to be spoken with before. */
  fallback: JSONColumnType<SpeechColumns> | null
  fell_back_at: Date | null
  /** Whether segments may be answered by what was spoken before. */
  cache: Generated<boolean>
  estimated_ms: number
  reserved_ms: number
  duration_ms: number | null
  charged_ms: number | null
  predicted_cost_micros: Generated<number>
  actual_cost_micros: Generated<number>
  /** What is still held of the budgets for it. */
  cost_held_micros: Generated<number>
  /** Its place on the queue. */
  turn: Generated<number>
  attempt: string | null
  attempts: Generated<number>
  fruitless_attempts: Generated<number>
  heartbeat_at: Date | null
  error_reason: string | null
  error_message: string | null
  audio_key: string | null
  audio_bytes: number | null
  audio_sha256: string | null
  created_at: Generated<Date>
  started_at: Date | null
  finished_at: Date | null
  deleted_at: Date | null
  purged_at: Date | null
}

export interface SegmentTable {
  generation_id: string
  index: number
  /** Offsets into the generation's text, in UTF-16 code units. */
  start_offset: number
  end_offset: number
  pause_ms: number
  state: Generated<SegmentState>
  attempt: string | null
  attempts: Generated<number>
  audio_key: string | null
  audio_bytes: number | null
  audio_sha256: string | null
  samples: number | null
  sample_rate: number | null
  duration_ms: number | null
  actual_cost_micros: Generated<number>
  /** What is wrong with the audio that is kept; see `Flaw`. */
  flaws: Generated<string[]>
  /** Of all that decides how a stored segment sounds, and of whose it is. */
  content_hash: string | null
  /** Its audio is that of an earlier one. */
  cached: Generated<boolean>
  submitted_at: Date | null
  stored_at: Date | null
}

export interface RenditionTable {
  generation_id: string
  format: string
  sample_rate: Generated<number>
  bit_rate: number | null
  loudness: number | null
  audio_key: string
  audio_bytes: number
  audio_sha256: string
  created_at: Generated<Date>
}

export interface EventStreamTable {
  user_id: string
  last_seq: number
  /** Up to which events may have been forgotten. */
  forgotten_seq: Generated<number>
}

/** What an event carries besides its number, type and generation: the generation as it stood at that moment. */
export interface EventData {
  state: GenerationState
  /** Missing in events that were written before there was any wait to tell of. */
  waitsFor?: 'engine_degraded' | null
  /** `cached` is missing in what was written before there was a cache. */
  segments: { total: number; done: number; cached?: number }
  segment: { index: number; durationMs: number } | null
  durationMs: number | null
  chargedMs: number | null
  error: { reason: string; message: string } | null
}

/** What an event carries that is not about a generation. */
export interface EventDataBeside {
  /** Of the row that it is about. */
  id: string | null
}

export interface EventTable {
  user_id: string
  seq: number
  generation_id: string | null
  type: EventType | EventTypeBeside
  data: JSONColumnType<EventData | EventDataBeside>
  created_at: Generated<Date>
}

export interface IdempotencyTable {
  user_id: string
  route: string
  key: string
  request_hash: Buffer
  response: string | null
  /** The wire id of what the response tells of. */
  about: string | null
  created_at: Generated<Date>
}

export type GenerationRow = Selectable<GenerationTable>
export type SegmentRow = Selectable<SegmentTable>
export type EventRow = GenerationEventRow | EventRowBeside
interface EventRowBase extends Omit<Selectable<EventTable>, 'generation_id' | 'type' | 'data'> {}
export interface GenerationEventRow extends EventRowBase {
  generation_id: string
  type: EventType
  data: EventData
}
export interface EventRowBeside extends EventRowBase {
  generation_id: null
  type: EventTypeBeside
  data: EventDataBeside
}
