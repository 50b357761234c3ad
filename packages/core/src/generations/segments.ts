import type { SegmentRow } from '@loqui/db/schema/generations'
import type { Caller } from '../context.ts'
import type { TextSegment } from '../text/split.ts'
import { LeaseLost } from './lease.ts'
import { splitSpeech } from './split-speech.ts'
import type { Claimed, Transitions } from './transitions.ts'

export function readSegments({ db }: Caller<'db'>, generationId: string): Promise<SegmentRow[]> {
  return db.selectFrom('segment').selectAll().where('generation_id', '=', generationId).orderBy('index').execute()
}

/** The segments of a generation: those an earlier attempt wrote, else the text split now, once and for all attempts. */
export async function ensureSegments(
  caller: Caller<'db' | 'engines'> & { readonly transitions: Transitions },
  generation: Claimed,
): Promise<SegmentRow[]> {
  const existing = generation.attempts === 1 ? [] : await readSegments(caller, generation.id)
  if (existing.length > 0) return existing
  const engine = caller.engines.get(generation.engine)
  if (!engine) throw new Error(`this worker has no engine “${generation.engine}”`)
  const segments = await splitSpeech(engine, { ...generation, language: generation.voice_language })
  // The only one is begun with at once: that saves a round trip to say so. Where somebody's consent is needed, it is asked
  // for right before the engine is.
  const submitted = segments.length === 1 && generation.consent_id === null
  if (!(await caller.transitions.begin(generation, segments, submitted))) throw new LeaseLost()
  return segments.map((segment) => toRow(generation, segment, submitted))
}

/** A segment as `segments_begin()` has just written it. */
const toRow = ({ id, attempt }: Claimed, segment: TextSegment, submitted: boolean): SegmentRow => ({
  generation_id: id,
  index: segment.index,
  start_offset: segment.start,
  end_offset: segment.end,
  pause_ms: segment.pauseMs,
  state: submitted ? 'submitted' : 'queued',
  attempt: submitted ? attempt : null,
  attempts: submitted ? 1 : 0,
  audio_key: null,
  audio_bytes: null,
  audio_sha256: null,
  samples: null,
  sample_rate: null,
  duration_ms: null,
  actual_cost_micros: 0,
  flaws: [],
  submitted_at: null,
  stored_at: null,
})
