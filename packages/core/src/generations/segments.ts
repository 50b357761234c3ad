import type { SegmentRow } from '@loqui/db/schema/generations'
import type { Caller } from '../context.ts'
import type { TextSegment } from '../text/split.ts'
import { lookupOf, type Source } from './cached.ts'
import { LeaseLost } from './lease.ts'
import { type Speaking, speakersOf, splitSpeech } from './split-speech.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** A segment, and what was found to answer it when it was announced. */
export type BegunSegment = SegmentRow & { readonly source?: Source | undefined }

/** Where a segment is in its text. */
type Place = Pick<TextSegment, 'index' | 'start' | 'end' | 'pauseMs'>

export function readSegments({ db }: Caller<'db'>, generationId: string): Promise<SegmentRow[]> {
  return db.selectFrom('segment').selectAll().where('generation_id', '=', generationId).orderBy('index').execute()
}

/** The segments of a generation: those an earlier attempt wrote, else the text split now, once and for all attempts. */
export async function ensureSegments(
  caller: Caller<'db' | 'engines'> & { readonly transitions: Transitions },
  generation: Claimed,
): Promise<BegunSegment[]> {
  const existing = generation.attempts === 1 ? [] : await readSegments(caller, generation.id)
  if (existing.length > 0) return existing
  const speakers = speakersOf(caller, generation)
  const [{ engine }] = speakers
  const segments = await placeSegments(caller, speakers, generation)
  const [only] = segments
  // The only one is begun with at once: that saves a round trip to say so. Where somebody's consent is needed, it is asked
  // for right before the engine is.
  const submitted = segments.length === 1 && generation.consent_id === null
  const lookup = submitted && only ? lookupOf(engine, generation, offsets(only)) : undefined
  const { held, source } = await caller.transitions.begin(generation, segments, { submitted, lookup })
  if (!held) throw new LeaseLost()
  return segments.map((segment) => ({ ...toRow(generation, segment, submitted), source }))
}

/** Where the text is to be split: what keeps segments of an earlier take has all of them where that one has. */
async function placeSegments(
  caller: Caller<'db'>,
  speakers: readonly Speaking[],
  generation: Claimed,
): Promise<readonly Place[]> {
  if (generation.kept_from !== null) {
    const kept = await readSegments(caller, generation.kept_from)
    if (kept.length > 0) return kept.map(toPlace)
  }
  return splitSpeech(speakers, { ...generation, language: generation.voice_language })
}

const toPlace = ({ index, start_offset, end_offset, pause_ms }: SegmentRow): Place => ({
  index,
  start: start_offset,
  end: end_offset,
  pauseMs: pause_ms,
})

const offsets = ({ index, start, end }: Place) => ({ index, start_offset: start, end_offset: end })

/** A segment as `segments_begin()` has just written it. */
const toRow = ({ id, attempt }: Claimed, segment: Place, submitted: boolean): SegmentRow => ({
  generation_id: id,
  ...offsets(segment),
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
  content_hash: null,
  cached: false,
  submitted_at: null,
  stored_at: null,
})
