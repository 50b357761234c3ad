import { setTimeout as sleep } from 'node:timers/promises'
import type { SegmentRow } from '@loqui/db/schema/generations'
import { type Engine, EngineError, type Speech } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import { littleEndianBytes } from '../pcm.ts'
import type { Cover } from './cover.ts'
import { LeaseLost } from './lease.ts'
import { segmentKey } from './purge.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** What speaks a generation: its engine, the engine's own name for its voice, and what pays. */
export interface Speaker {
  readonly engine: Engine
  readonly engineVoice: string
  readonly cover: Cover
}

/** A segment whose audio is kept, and the audio itself while it is at hand: 16-bit samples, little endian. */
export type StoredSegment = SegmentRow & { readonly bytes?: Uint8Array }

/**
 * Makes and keeps the audio of one segment: announced before the engine is asked, stored under this attempt's own key,
 * then written down if the attempt still holds the generation.
 *
 * @returns the segment as it is stored.
 * @throws {EngineError} when the engine does not speak it; {Refusal} `budget_exceeded`; {LeaseLost}; the signal's reason.
 */
export async function speakSegment(
  caller: Caller<'hints' | 'storage'> & { readonly transitions: Transitions },
  generation: Claimed,
  segment: SegmentRow,
  speaker: Speaker,
  signal: AbortSignal,
): Promise<StoredSegment> {
  const { transitions, hints, storage } = caller
  const { id, attempt } = generation
  if (segment.state !== 'submitted' || segment.attempt !== attempt) {
    if (!(await transitions.submit(generation, segment.index))) throw new LeaseLost()
  }

  const speech = await speakWithRetries(caller, generation, segment, speaker, signal)
  const key = segmentKey(id, attempt, segment.index)
  const bytes = littleEndianBytes(speech.samples)
  const object = await storage.put(key, bytes, { signal }).catch(async (error: unknown) => {
    // What could not be kept is paid for.
    if (speech.costMicros > 0) await transitions.spend(generation, speech.costMicros)
    throw error
  })
  const audio = {
    generation_id: id,
    index: segment.index,
    attempt,
    audio_key: key,
    audio_bytes: object.bytes,
    audio_sha256: object.sha256,
    samples: speech.samples.length,
    sample_rate: speech.sampleRate,
    duration_ms: Math.round((speech.samples.length * 1000) / speech.sampleRate),
    actual_cost_micros: speech.costMicros,
  }
  speaker.cover.spoken(segment.index)
  if (!(await transitions.store(audio))) {
    await storage.remove([key])
    throw new LeaseLost()
  }
  hints.hint('events', generation.user_id)
  return { ...segment, ...audio, state: 'stored', bytes }
}

/** Tries of one segment within one attempt, and the wait before each further one. */
const retryWaitsMs = [500, 2_000]

async function speakWithRetries(
  { transitions }: { readonly transitions: Transitions },
  generation: Claimed,
  segment: SegmentRow,
  { engine, engineVoice, cover }: Speaker,
  signal: AbortSignal,
): Promise<Speech> {
  const request = {
    text: generation.text.slice(segment.start_offset, segment.end_offset),
    voice: engineVoice,
    settings: generation.settings,
  }
  const speak = async () => {
    await cover.ensure()
    try {
      return await engine.speak(request, { signal })
    } catch (error) {
      // A call that failed is paid for where the provider says so.
      if (error instanceof EngineError && error.costMicros > 0) await transitions.spend(generation, error.costMicros)
      throw error
    }
  }
  for (const waitMs of retryWaitsMs) {
    try {
      return await speak()
    } catch (error) {
      if (signal.aborted || !(error instanceof EngineError) || !error.retryable) throw error
      await sleep(waitMs, undefined, { signal })
      // What was allowed a moment ago need not be any more.
      if (generation.consent_id !== null && !(await transitions.submit(generation, segment.index))) {
        throw new LeaseLost()
      }
    }
  }
  return speak()
}
