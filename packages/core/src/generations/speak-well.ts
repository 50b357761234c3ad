import type { SegmentRow } from '@loqui/db/schema/generations'
import { EngineError } from '@loqui/engines/engine'
import { Refusal } from '../errors.ts'
import { ask } from './ask.ts'
import { CallsExhausted, isHeardOnce, mostCalls, openRejected, preferCall, rejectCall } from './calls.ts'
import { isEngineWide } from './engine-wide.ts'
import { resubmit, speakWithRetries } from './speak-with-retries.ts'
import type { SpeakContext, Speaker } from './speaker.ts'
import { bestOf, isAudible, judgeSpeech, type Take } from './take.ts'
import type { Claimed } from './transitions.ts'

/**
 * Speaks a segment, and once more where it came out badly: by chance, that is, which another seed changes. Of two that are
 * both bad the better one is taken.
 *
 * @throws {EngineError} `bad_output` where there is nothing to hear in either; as {@link speakWithRetries}.
 */
export async function speakWell(
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
