import { setTimeout as sleep } from 'node:timers/promises'
import type { SegmentRow } from '@loqui/db/schema/generations'
import { EngineError, type SpeakRequest } from '@loqui/engines/engine'
import { ask } from './ask.ts'
import { nothingMs } from './asked-text.ts'
import { countRerolls, openJournal } from './calls.ts'
import { isEngineWide } from './engine-wide.ts'
import { whyLost } from './lease.ts'
import type { SpeakContext, Speaker } from './speaker.ts'
import { judgeSpeech, type Take } from './take.ts'
import type { Claimed } from './transitions.ts'

/** Before each further try of one segment within one attempt, in milliseconds. */
const retryWaitsMs = [500, 2_000]
/** An engine that asks for more is left alone, and the attempt given up, which holds a place that others could have. */
const patienceMs = 5_000

/**
 * Asks the engine for a segment, and again on the spot where that may help and the budget of retries allows it.
 *
 * @param takes of this segment that this attempt has already.
 * @throws {EngineError} when the engine does not speak it; {CallsExhausted}; {Refusal} `budget_exceeded`; {LeaseLost},
 * {GenerationOver}; the signal's reason.
 */
export async function speakWithRetries(
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

/**
 * Announces a segment once more before it is asked for again: what was allowed a moment ago need not be any more.
 *
 * @throws {LeaseLost} or {GenerationOver}.
 */
export async function resubmit(
  { db, transitions }: SpeakContext,
  generation: Claimed,
  { index }: SegmentRow,
): Promise<void> {
  if (generation.consent_id === null) return
  if (!(await transitions.submit(generation, index)).held) throw await whyLost(db, generation)
}
