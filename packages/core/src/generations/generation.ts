import type { AudioFormat } from '@loqui/audio/format'
import type { EventType, GenerationEventRow, GenerationRow, GenerationState } from '@loqui/db/schema/generations'
import type { SpeakSettings } from '@loqui/engines/engine'
import type { Reason } from '../errors.ts'
import { wireId } from '../ids.ts'
import { outputColumns, ownOutput } from './output.ts'

/** One request for speech, as its owner sees it. Times are ISO 8601, lengths of audio milliseconds. */
export interface Generation extends GenerationSummary {
  text: string
}

/** A generation without its text: what listings carry. */
export interface GenerationSummary {
  /** `gen_…` */
  id: string
  state: GenerationState
  waitsFor: (typeof waits)[number] | null
  title: string | null
  /** The beginning of the text. */
  excerpt: string
  /** Length of the text. */
  characters: number
  /** `voi_…`; whoever speaks it: once the fallback does, that one. */
  voiceId: string
  engine: string
  /** `voi_…` of who speaks where its engine does not work; `null`: nobody, or that one speaks. */
  fallbackVoiceId: string | null
  /** `voi_…` that was asked for, where its engine did not work and the fallback speaks. */
  fellBackFrom: string | null
  format: AudioFormat
  /** Of the audio, in hertz. */
  sampleRate: number
  /** In kbit/s; `null` where it follows from the samples. */
  bitRate: number | null
  /** Integrated loudness that the audio is brought to, in LUFS; `null`: as the engine speaks. */
  loudness: number | null
  settings: SpeakSettings
  /** `null` where none was asked for. */
  seed: number | null
  /** Whether numbers and abbreviations were written out before the engine was asked. */
  normalize: boolean
  /** `cached`: those done whose audio was there already; for them no engine was asked. */
  segments: { total: number; done: number; cached: number }
  /** `gen_…` of the first take of its text; `null`: it is the first. */
  takeOf: string | null
  /** How long the audio was expected to be. */
  estimatedMs: number
  /** How long it is; `null` until it succeeded. */
  durationMs: number | null
  /** What was held of the quota while it ran. */
  reservedMs: number
  /** What it was charged; `null` until it ended, 0 when it failed or was canceled. */
  chargedMs: number | null
  /** What the engine's provider was expected to ask and asked, in millionths of a dollar. */
  cost: { predictedMicros: number; actualMicros: number }
  error: GenerationError | null
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

/** Why a generation failed. */
export interface GenerationError {
  reason: Reason
  message: string
}

/**
 * What keeps a generation that runs from going on. `engine_degraded`: its engine does not work at the moment; it goes on by
 * itself when that is over, and nothing is charged for the wait.
 */
export const waits = ['engine_degraded'] as const

/** The part of a generation that moves. */
export interface GenerationStatus {
  id: string
  state: GenerationState
  waitsFor: (typeof waits)[number] | null
  segments: { total: number; done: number; cached: number }
  durationMs: number | null
  chargedMs: number | null
  error: GenerationError | null
}

/** A numbered fact about a generation, with the generation as it stood at that moment. */
export interface GenerationEvent extends Omit<GenerationStatus, 'id'> {
  /** Grows with every event of one user; resume after it. */
  id: string
  /**
   * `waiting`: it begins to wait for what `waitsFor` says; the next event that says nothing of a wait ends it. `fell_back`: from now
   * on its fallback speaks, as the generation says.
   */
  type: EventType
  generationId: string
  /** The segment that was stored, for events of type `segment`. */
  segment: { index: number; durationMs: number } | null
  /** ISO 8601. */
  createdAt: string
}

const excerptLength = 200
const halfPairAtEnd = /[\uD800-\uDBFF]$/

export function toGenerationSummary(row: SummaryRow): GenerationSummary {
  return {
    id: wireId('generation', row.id),
    title: row.title,
    excerpt: row.text.slice(0, excerptLength).replace(halfPairAtEnd, ''),
    characters: row.characters,
    voiceId: wireId('voice', row.voice_id),
    engine: row.engine,
    ...fallback(row),
    ...ownOutput(row),
    settings: row.settings,
    seed: row.seed,
    normalize: row.normalized_as !== null,
    takeOf: row.take_of === null ? null : wireId('generation', row.take_of),
    estimatedMs: row.estimated_ms,
    reservedMs: row.reserved_ms,
    cost: { predictedMicros: row.predicted_cost_micros, actualMicros: row.actual_cost_micros },
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    ...progress(row),
  }
}

export function toGeneration(row: SummaryRow): Generation {
  return { ...toGenerationSummary(row), text: row.text }
}

export function toGenerationStatus(row: StatusRow): GenerationStatus {
  return { id: wireId('generation', row.id), ...progress(row) }
}

export function toGenerationEvent(row: GenerationEventRow): GenerationEvent {
  return {
    id: String(row.seq),
    type: row.type,
    generationId: wireId('generation', row.generation_id),
    createdAt: row.created_at.toISOString(),
    ...row.data,
    segments: { ...row.data.segments, cached: row.data.segments.cached ?? 0 },
    waitsFor: row.data.waitsFor ?? null,
    error: row.data.error && toError(row.data.error.reason, row.data.error.message),
  }
}

export const statusColumns = [
  'id',
  'state',
  'segments_total',
  'segments_done',
  'segments_cached',
  'duration_ms',
  'charged_ms',
  'error_reason',
  'error_message',
  'degraded_at',
] as const

/** Of the text, a summary needs the beginning only. */
export const summaryColumns = [
  ...statusColumns,
  'title',
  'characters',
  'voice_id',
  'engine',
  'fallback',
  'fell_back_at',
  ...outputColumns,
  'settings',
  'seed',
  'normalized_as',
  'take_of',
  'estimated_ms',
  'reserved_ms',
  'predicted_cost_micros',
  'actual_cost_micros',
  'created_at',
  'started_at',
  'finished_at',
] as const

type StatusRow = Pick<GenerationRow, (typeof statusColumns)[number]>
type SummaryRow = Pick<GenerationRow, (typeof summaryColumns)[number] | 'text'>

function fallback({ fallback, fell_back_at }: SummaryRow): Pick<GenerationSummary, 'fallbackVoiceId' | 'fellBackFrom'> {
  const other = fallback && wireId('voice', fallback.voice_id)
  return fell_back_at === null
    ? { fallbackVoiceId: other, fellBackFrom: null }
    : { fallbackVoiceId: null, fellBackFrom: other }
}

function progress(row: StatusRow): Omit<GenerationStatus, 'id'> {
  return {
    state: row.state,
    waitsFor: row.state === 'running' && row.degraded_at !== null ? 'engine_degraded' : null,
    segments: { total: row.segments_total, done: row.segments_done, cached: row.segments_cached },
    durationMs: row.duration_ms,
    chargedMs: row.charged_ms,
    error: row.error_reason === null ? null : toError(row.error_reason, row.error_message ?? ''),
  }
}

/** Rows hold only reasons that `failGeneration` wrote, which are of the union. */
const toError = (reason: string, message: string): GenerationError => ({ reason: reason as Reason, message })
