import { setTimeout as sleep } from 'node:timers/promises'
import type { SegmentRow } from '@loqui/db/schema/generations'
import { type Engine, EngineError, type Reference, type SpeakRequest } from '@loqui/engines/engine'
import { StorageError } from '@loqui/storage/storage'
import pLimit from 'p-limit'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { littleEndianBytes } from '../pcm.ts'
import { ask } from './ask.ts'
import { nothingMs } from './asked-text.ts'
import { lookupOf, readSource, type Source } from './cached.ts'
import {
  CallsExhausted,
  countRerolls,
  isHeardOnce,
  mostCalls,
  openJournal,
  openRejected,
  preferCall,
  rejectCall,
} from './calls.ts'
import { contentHash } from './content.ts'
import type { Cover } from './cover.ts'
import { isEngineWide } from './engine-wide.ts'
import { LeaseLost, whyLost } from './lease.ts'
import { segmentKey } from './purge.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { BegunSegment } from './segments.ts'
import { bestOf, isAudible, judgeSpeech, type Take } from './take.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** What speaks a generation: its engine, and what pays. */
export interface Speaker {
  readonly engine: Engine
  /** Recording of the person whose voice it is, where the engine listens to one. */
  readonly reference?: Reference | undefined
  readonly cover: Cover
  /** To be called each time before the engine is asked. @throws why nothing more is to be asked for. */
  ensureWanted(): void
}

/** A segment whose audio is kept, and the audio itself while it is at hand: 16-bit samples, little endian. */
export type StoredSegment = SegmentRow & { readonly bytes?: Uint8Array }

type SpeakContext = Caller<'db' | 'hints' | 'listener' | 'storage' | 'log'> & {
  readonly transitions: Transitions
  readonly retries: RetryBudget
}

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

/**
 * Speaks a segment, and once more where it came out badly: by chance, that is, which another seed changes. Of two that are
 * both bad the better one is taken.
 *
 * @throws {EngineError} `bad_output` where there is nothing to hear in either; as {@link speakSegment}.
 */
async function speakWell(
  caller: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  speaker: Speaker,
  signal: AbortSignal,
): Promise<Take> {
  const takes: Take[] = []
  /** That of the takes which is written down as the one that succeeded. */
  let standing: Take | undefined
  try {
    do {
      if (takes.length > 0) await resubmit(caller, generation, segment)
      takes.push(await speakWithRetries(caller, generation, segment, speaker, takes.length, signal))
    } while (await isRejected(caller, generation, segment, speaker, takes))
    standing = takes.at(-1)
  } catch (error) {
    const isPaid = isHeardOnce(speaker.engine) && takes.some(isAudible)
    if (signal.aborted || !(isPaid || isSpent(error))) throw error
    const salvaged = takes.length === 0 && (await salvage(caller, generation, segment, speaker, takes, signal))
    if (salvaged) takes.push(salvaged)
    if (takes.length === 0) throw error
  }
  if (!takes.some(isAudible)) {
    const salvaged = await salvage(caller, generation, segment, speaker, takes, signal)
    if (salvaged) takes.push(salvaged)
  }
  const best = bestOf(takes)
  if (!best || !isAudible(best)) throw silent()
  if (best.mark !== null && best !== standing) {
    await standing?.written
    await preferCall(caller.db, generation, best.mark, standing?.mark)
  }
  // What was rejected is paid already.
  return { ...best, costMicros: standing?.costMicros ?? 0 }
}

const silent = () =>
  new EngineError('There is no speech in what the engine made.', { code: 'bad_output', retryable: false })

/** Whether an error says that there will be no better take: it was asked for as often as it may be, or there is no money for it. */
const isSpent = (error: unknown): boolean =>
  error instanceof CallsExhausted ||
  (error instanceof EngineError && !isEngineWide(error)) ||
  (error instanceof Refusal && error.reason === 'budget_exceeded')

/** Whether the last take is bad, and another one may be made: then it is written down so, with what it cost. */
async function isRejected(
  { db, transitions }: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  { engine, cover }: Speaker,
  takes: readonly Take[],
): Promise<boolean> {
  const last = takes.at(-1)
  if (!last || last.flaws.length === 0) return false
  if (!engine.journaled) {
    if (takes.length >= mostCalls) return false
    if (last.costMicros > 0) await transitions.spend(generation, last.costMicros)
    return true
  }
  await last.written
  // No call was made where there is nothing to speak.
  if (last.mark === null || !(await rejectCall(db, generation, last.mark))) return false
  cover.missing(segment.index)
  return true
}

/**
 * Takes what a provider made for an earlier attempt, and that was not good enough then, where it still has it.
 *
 * @returns undefined when there is no such thing.
 */
async function salvage(
  { db, transitions }: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  { engine, reference }: Speaker,
  takes: readonly Take[],
  signal: AbortSignal,
): Promise<Take | undefined> {
  if (engine.provider === null) return undefined
  const calls = await openRejected(
    { db, transitions },
    generation,
    segment.index,
    takes.flatMap(({ mark }) => mark ?? []),
  )
  if (calls.open.length === 0) return undefined
  const request = { ...ask(engine, generation, segment, 0), reference }
  try {
    const speech = await engine.speak(request, { signal, calls })
    return { ...judgeSpeech(engine, request, speech), costMicros: 0, mark: calls.taken }
  } catch (error) {
    if (signal.aborted || !isSpent(error)) throw error
    return undefined
  }
}

/** What was allowed a moment ago need not be any more. */
async function resubmit({ db, transitions }: SpeakContext, generation: Claimed, { index }: SegmentRow): Promise<void> {
  if (generation.consent_id === null) return
  if (!(await transitions.submit(generation, index)).held) throw await whyLost(db, generation)
}

/** Before each further try of one segment within one attempt, in milliseconds. */
const retryWaitsMs = [500, 2_000]
/** An engine that asks for more is left alone, and the attempt given up, which holds a place that others could have. */
const patienceMs = 5_000

/** @param takes of this segment that this attempt has already. */
async function speakWithRetries(
  caller: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  speaker: Speaker,
  takes: number,
  signal: AbortSignal,
): Promise<Take> {
  for (const [tries, waitMs] of retryWaitsMs.entries()) {
    try {
      return await speakOnce(caller, generation, segment, speaker, takes + tries, signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof EngineError) || !error.retryable) throw error
      if (isEngineWide(error) && (error.retryAfterMs ?? 0) > patienceMs) throw error
      const isOut = isEngineWide(error)
      if (!caller.retries.take(speaker.engine.id, isOut)) throw isOut ? error : failsOften(error)
      // Not all at once: what failed together would come again together.
      await sleep(Math.max(waitMs, error.retryAfterMs ?? 0) * (1 + Math.random() / 2), undefined, { signal })
      await resubmit(caller, generation, segment)
    }
  }
  try {
    return await speakOnce(caller, generation, segment, speaker, takes + retryWaitsMs.length, signal)
  } catch (error) {
    // Its calls end it, and not its tries: those before may have been refused, and then it was made but once.
    const mayAskAgain = error instanceof EngineError && error.retryable && !isEngineWide(error)
    throw speaker.engine.journaled && mayAskAgain && !signal.aborted ? failsOften(error) : error
  }
}

/** The next attempt may ask again, when the engine has been left alone for a while. */
function failsOften(cause: EngineError): EngineError {
  const message = 'The engine fails too often to be asked again at once.'
  return new EngineError(message, { code: 'unavailable', retryable: true, cause })
}

const nothingRate = 24_000
/** What is heard where there is nothing to ask for. */
const nothing = (): Take => ({
  samples: new Int16Array((nothingRate * nothingMs) / 1_000),
  sampleRate: nothingRate,
  costMicros: 0,
  flaws: [],
  mark: null,
})

/** @param tries that this attempt has made already. */
async function speakOnce(
  { db, listener, retries, transitions }: SpeakContext,
  generation: Claimed,
  segment: SegmentRow,
  { engine, reference, cover, ensureWanted }: Speaker,
  tries: number,
  signal: AbortSignal,
): Promise<Take> {
  ensureWanted()
  const fresh = generation.attempts === 1 && tries === 0
  const rerolls = fresh || generation.seed === null ? 0 : await countRerolls(db, generation, segment.index)
  const asked = ask(engine, generation, segment, rerolls)
  if (asked.text === '') return nothing()
  retries.asked(engine.id)
  const request: SpeakRequest = { ...asked, reference }
  const { provider } = engine
  if (engine.journaled) {
    using heeded = new DisposableStack()
    // The server hears from the provider, and whoever waits need not look again and again.
    const heed = (id: string) => provider && heeded.defer(listener.on('call', id, () => provider.wake(id)))
    const calls = await openJournal({ db, transitions, cover, heed }, generation, segment.index, asked, fresh)
    const speech = await engine.speak(request, { signal, calls }).catch(async (error: unknown) => {
      await calls.written
      throw error
    })
    // The journal has counted what it cost.
    return { ...judgeSpeech(engine, request, speech), costMicros: 0, mark: calls.taken, written: calls.written }
  }
  await cover.ensure()
  try {
    return { ...judgeSpeech(engine, request, await engine.speak(request, { signal })), mark: null }
  } catch (error) {
    // A call that failed is paid for where the engine says so.
    if (error instanceof EngineError && error.costMicros > 0) await transitions.spend(generation, error.costMicros)
    throw error
  }
}
