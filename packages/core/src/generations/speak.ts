import { setTimeout as sleep } from 'node:timers/promises'
import type { SegmentRow } from '@loqui/db/schema/generations'
import { type Engine, EngineError, type Reference, type SpeakRequest, type Speech } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import { littleEndianBytes } from '../pcm.ts'
import { type AskedFor, countRerolls, openJournal } from './calls.ts'
import type { Cover } from './cover.ts'
import { isEngineWide } from './engine-wide.ts'
import { LeaseLost, whyLost } from './lease.ts'
import { segmentKey } from './purge.ts'
import { segmentSeed } from './seed.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** What speaks a generation: its engine, the engine's own name for its voice, and what pays. */
export interface Speaker {
  readonly engine: Engine
  readonly engineVoice: string
  /** Recording of the person whose voice it is, where the engine listens to one. */
  readonly reference?: Reference | undefined
  readonly cover: Cover
}

/** A segment whose audio is kept, and the audio itself while it is at hand: 16-bit samples, little endian. */
export type StoredSegment = SegmentRow & { readonly bytes?: Uint8Array }

type SpeakContext = Caller<'db' | 'hints' | 'listener' | 'storage'> & { readonly transitions: Transitions }

/**
 * Makes and keeps the audio of one segment: announced before the engine is asked, stored under this attempt's own key,
 * then written down if the attempt still holds the generation.
 *
 * @returns the segment as it is stored.
 * @throws {EngineError} when the engine does not speak it; {CallsExhausted}; {Refusal} `budget_exceeded`; {LeaseLost},
 * {GenerationOver}; the signal's reason.
 */
export async function speakSegment(
  caller: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  speaker: Speaker,
  signal: AbortSignal,
): Promise<StoredSegment> {
  const { transitions, hints, storage } = caller
  const { id, attempt } = generation
  if (segment.state !== 'submitted' || segment.attempt !== attempt) {
    if (!(await transitions.submit(generation, segment.index))) throw await whyLost(caller.db, generation)
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

/** Before each further try of one segment within one attempt, in milliseconds. */
const retryWaitsMs = [500, 2_000]
/** An engine that asks for more is left alone, and the attempt given up, which holds a place that others could have. */
const patienceMs = 5_000

async function speakWithRetries(
  caller: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  speaker: Speaker,
  signal: AbortSignal,
): Promise<Speech> {
  for (const [tries, waitMs] of retryWaitsMs.entries()) {
    try {
      return await speakOnce(caller, generation, segment, speaker, tries, signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof EngineError) || !error.retryable) throw error
      if (isEngineWide(error) && (error.retryAfterMs ?? 0) > patienceMs) throw error
      // Not all at once: what failed together would come again together.
      await sleep(Math.max(waitMs, error.retryAfterMs ?? 0) * (1 + Math.random() / 2), undefined, { signal })
      // What was allowed a moment ago need not be any more.
      if (generation.consent_id !== null && !(await caller.transitions.submit(generation, segment.index))) {
        throw await whyLost(caller.db, generation)
      }
    }
  }
  return speakOnce(caller, generation, segment, speaker, retryWaitsMs.length, signal)
}

/** @param tries that this attempt has made already. */
async function speakOnce(
  { db, listener, transitions }: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  { engine, engineVoice, reference, cover }: Speaker,
  tries: number,
  signal: AbortSignal,
): Promise<Speech> {
  const fresh = generation.attempts === 1 && tries === 0
  const asked: AskedFor = {
    text: generation.text.slice(segment.start_offset, segment.end_offset),
    voice: engineVoice,
    settings: generation.settings,
    ...(generation.seed !== null && {
      seed: segmentSeed(
        generation.seed,
        segment.index,
        fresh ? 0 : await countRerolls(db, generation.id, segment.index),
      ),
    }),
  }
  const request: SpeakRequest = { ...asked, reference }
  const { provider } = engine
  if (provider !== null) {
    using heeded = new DisposableStack()
    // The server hears from the provider, and whoever waits need not look again and again.
    const heed = (id: string) => heeded.defer(listener.on('call', id, () => provider.wake(id)))
    const calls = await openJournal({ db, cover, heed }, generation, segment.index, asked, fresh)
    // The journal has counted what it cost.
    return { ...(await engine.speak(request, { signal, calls })), costMicros: 0 }
  }
  await cover.ensure()
  try {
    return await engine.speak(request, { signal })
  } catch (error) {
    // A call that failed is paid for where the engine says so.
    if (error instanceof EngineError && error.costMicros > 0) await transitions.spend(generation, error.costMicros)
    throw error
  }
}
