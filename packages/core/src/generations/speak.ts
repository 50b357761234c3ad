import { setTimeout as sleep } from 'node:timers/promises'
import type { SegmentRow } from '@loqui/db/schema/generations'
import { StorageError } from '@loqui/storage/storage'
import pLimit from 'p-limit'
import { littleEndianBytes } from '../pcm.ts'
import { ask } from './ask.ts'
import { lookupOf, readSource, type Source } from './cached.ts'
import { isHeardOnce } from './calls.ts'
import { contentHash } from './content.ts'
import { LeaseLost, whyLost } from './lease.ts'
import { segmentKey } from './purge.ts'
import type { BegunSegment } from './segments.ts'
import { speakWell } from './speak-well.ts'
import type { SpeakContext, Speaker } from './speaker.ts'
import type { Take } from './take.ts'
import type { Claimed } from './transitions.ts'

/** A segment whose audio is kept, and the audio itself while it is at hand: 16-bit samples, little endian. */
export type StoredSegment = SegmentRow & { readonly bytes?: Uint8Array }

/** Segments that are being stored at the same time; audio of others waits in memory. */
const mostStoring = 64
const storing = pLimit(mostStoring)
/** Of audio that is stored or waits to be: what comes beyond it keeps its engine waiting. */
const mostWaitingBytes = 64 * 1024 * 1024
let waitingBytes = 0

/**
 * Makes and keeps the audio of one segment: announced before the engine is asked, stored under this attempt's own key,
 * then written down if the attempt still holds the generation. Where there is audio already that answers it, that is
 * copied, and the engine is not asked.
 *
 * @param onMade told when nothing is left to do but to store it; more than once.
 * @returns the segment as it is stored.
 * @throws {EngineError} when the engine does not speak it; {CallsExhausted}; {Refusal} `budget_exceeded`; {LeaseLost},
 * {GenerationOver}; the signal's reason.
 */
export async function speakSegment(
  caller: SpeakContext,
  generation: Claimed,
  { source: found, ...segment }: BegunSegment,
  speaker: Speaker,
  signal: AbortSignal,
  onMade: () => void = () => undefined,
): Promise<StoredSegment> {
  const { transitions } = caller
  const { attempt } = generation
  let source = found
  if (segment.state !== 'submitted' || segment.attempt !== attempt) {
    const lookup = lookupOf(speaker.engine, generation, segment, speaker.reference?.sha256)
    // What a provider was asked for before is paid: it is followed, whatever there is by now.
    const isAsked = speaker.engine.provider !== null && segment.attempts > 0
    const submitted = await transitions.submit(
      generation,
      segment.index,
      isAsked ? { ...lookup, contentHash: null } : lookup,
    )
    if (!submitted.held) throw await whyLost(caller.db, generation)
    source = submitted.source
  }

  const made =
    (source && (await copied(caller, source, signal))) ?? (await spoken(caller, generation, segment, speaker, signal))
  const { byteLength } = made.bytes
  waitingBytes += byteLength
  if (waitingBytes <= mostWaitingBytes) onMade()
  const kept = () =>
    storing(() => {
      onMade()
      return keep(caller, generation, segment, speaker, made, signal)
    })
  try {
    await made.written
    return await (isHeardOnce(speaker.engine) ? patiently(kept, signal) : kept())
  } finally {
    waitingBytes -= byteLength
  }
}

async function keep(
  { transitions, hints, storage }: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  speaker: Speaker,
  { bytes, costMicros, written: _, ...measures }: Made,
  signal: AbortSignal,
): Promise<StoredSegment> {
  const { id, attempt } = generation
  const key = segmentKey(id, attempt, segment.index)
  const object = await storage.put(key, bytes, { signal }).catch(async (error: unknown) => {
    // What could not be kept is paid for.
    if (costMicros > 0) await transitions.spend(generation, costMicros)
    throw error
  })
  const audio = {
    generation_id: id,
    index: segment.index,
    attempt,
    audio_key: key,
    audio_bytes: object.bytes,
    audio_sha256: object.sha256,
    ...measures,
    duration_ms: Math.round((measures.samples * 1000) / measures.sample_rate),
    actual_cost_micros: costMicros,
  }
  const unneeded = speaker.cover.spoken(segment.index)
  if (!(await transitions.store(audio, measures.cached ? unneeded : undefined))) {
    await storage.remove([key])
    throw new LeaseLost()
  }
  hints.hint('events', generation.user_id)
  return { ...segment, ...audio, state: 'stored', bytes }
}

/** Before each further try to keep what cannot be had again, in milliseconds: some five minutes. */
const keepWaitsMs = [200, 500, 1_000, 2_000, ...Array.from({ length: 60 }, () => 5_000)]

/** Tries again for as long as that where the store does not answer. */
async function patiently<T>(kept: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const waitMs of keepWaitsMs) {
    try {
      return await kept()
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'unavailable')) throw error
      await sleep(waitMs, undefined, { signal })
    }
  }
  return kept()
}

/** A segment's audio before it is kept. */
interface Made extends Pick<SegmentRow, 'flaws' | 'content_hash' | 'cached'>, Pick<Take, 'written'> {
  readonly bytes: Uint8Array
  readonly samples: number
  readonly sample_rate: number
  readonly costMicros: number
}

/** The audio of an earlier segment; undefined where it is not there any more. */
async function copied(caller: SpeakContext, source: Source, signal: AbortSignal): Promise<Made | undefined> {
  const bytes = await readSource(caller, source, signal)
  const { samples, sampleRate, flaws, contentHash: content_hash } = source
  return (
    bytes && { bytes, samples, sample_rate: sampleRate, flaws: [...flaws], content_hash, cached: true, costMicros: 0 }
  )
}

async function spoken(
  caller: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  speaker: Speaker,
  signal: AbortSignal,
): Promise<Made> {
  // What was to be copied is not paid for yet.
  speaker.cover.missing(segment.index)
  const { samples, sampleRate, flaws, costMicros, written } = await speakWell(
    caller,
    generation,
    segment,
    speaker,
    signal,
  )
  return {
    bytes: littleEndianBytes(samples),
    samples: samples.length,
    sample_rate: sampleRate,
    flaws: [...flaws],
    content_hash: contentHash(generation, ask(speaker.engine, generation, segment, 0), speaker.reference?.sha256),
    cached: false,
    costMicros,
    written,
  }
}
