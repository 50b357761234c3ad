import { randomUUID } from 'node:crypto'
import {
  type CallJournal,
  EngineError,
  HandedOver,
  type SpeakOptions,
  type SpeakRequest,
  type Speech,
} from '../engine.ts'
import { priceOf } from '../price.ts'
import { decodeWav } from '../wav.ts'
import { adopt, look } from './adopt.ts'
import type { Call } from './call.ts'
import type { ReplicateContext } from './context.ts'
import { create } from './create.ts'
import { longestSegmentMs } from './estimate.ts'
import { ReplicateFailure, toEngineError } from './failure.ts'
import { follow, Stuck } from './follow.ts'
import { sentText } from './input.ts'
import { isAvailable, isEnded, type Prediction } from './prediction.ts'
import { createTally, type Tally } from './tally.ts'

/** For callers that keep no journal: what is lost then is lost, and ends by `Cancel-After`. */
const untracked: CallJournal = {
  open: [],
  announce: async () => randomUUID(),
  accepted: async () => true,
  ended: async () => undefined,
}

/** The engine is closed: its process stops, and with a journal another goes on. */
export class Closed extends EngineError {}

/**
 * Speaks one segment: takes up what is open, else asks; follows it to its end; fetches what it made.
 *
 * @param request that the engine has checked. @throws as `Engine.speak`.
 */
export async function speakByReplicate(
  context: ReplicateContext,
  request: SpeakRequest,
  { signal, calls }: SpeakOptions,
): Promise<Speech> {
  const journal = calls ?? untracked
  const tally = createTally(journal, priceOf(sentText(request.text), context.microsPerCharacter))
  try {
    const call = (await adopt(context, request, tally, signal)) ?? (await create(context, request, tally, signal))
    return await take(context, request, await followToEnd(context, call, tally, signal), tally, signal)
  } catch (error) {
    if (signal.aborted) {
      const isLeft = signal.reason instanceof HandedOver || signal.reason instanceof Closed
      if (!isLeft || calls === undefined) await endAll(context, request, tally)
      throw signal.reason
    }
    throw withCost(error, tally.costMicros)
  }
}

/** @throws as `follow`; what does not end is canceled. */
async function followToEnd(
  context: ReplicateContext,
  { mark, prediction }: Call,
  tally: Tally,
  signal: AbortSignal,
): Promise<{ readonly mark: string; readonly prediction: Prediction | null }> {
  try {
    return { mark, prediction: await follow(context, prediction, signal) }
  } catch (error) {
    if (error instanceof Stuck)
      await end(context, { mark, prediction }, tally, AbortSignal.timeout(context.timing.cancel))
    throw error
  }
}

/** What became of a call, once it has ended: its speech, or why there is none. */
async function take(
  { outputs, references }: ReplicateContext,
  request: SpeakRequest,
  { mark, prediction }: { readonly mark: string; readonly prediction: Prediction | null },
  tally: Tally,
  signal: AbortSignal,
): Promise<Speech> {
  if (prediction && prediction.status !== 'succeeded') {
    await tally.ended(mark, prediction)
    if (request.reference) references.forget(request.reference)
    const code = prediction.status === 'failed' ? 'failed' : 'aborted'
    const what = code === 'failed' ? 'Replicate could not make this.' : 'Replicate ended this before it was done.'
    throw new EngineError(what, { code, retryable: true, cause: prediction.error })
  }
  const bytes = prediction && isAvailable(prediction) ? await fetchOutput() : null
  if (!prediction || !bytes) {
    await tally.gone(mark)
    throw new EngineError('What Replicate made is not there any more.', { code: 'bad_output', retryable: true })
  }
  const sound = await orGone(() => decodeWav(bytes))
  const ms = (sound.samples.length / sound.sampleRate) * 1000
  await orGone(() => {
    // What is reserved is never exceeded: a model that runs on past its text says what nobody wrote.
    if (ms > longestSegmentMs(request.text)) {
      throw new EngineError('What Replicate made is longer than its text.', { code: 'bad_output', retryable: true })
    }
  })
  await tally.ended(mark, prediction)
  return { ...sound, costMicros: tally.costMicros }

  /** Fetched again another time where it did not come; where it cannot come it is given up, to be made anew. */
  function fetchOutput(): Promise<Uint8Array | null> {
    return orGone(() => outputs.fetch(prediction?.output, signal))
  }

  async function orGone<T>(use: () => T | Promise<T>): Promise<T> {
    try {
      return await use()
    } catch (error) {
      if (error instanceof EngineError && error.code === 'bad_output') await tally.gone(mark)
      throw error
    }
  }
}

/** Ends whatever is open: nobody waits for it any more. All of it within the moment that an abort has. */
async function endAll(context: ReplicateContext, request: SpeakRequest, tally: Tally): Promise<void> {
  const soon = AbortSignal.timeout(context.timing.cancel)
  await Promise.all(
    tally.open.map(async (call) => {
      const prediction = await orLater(soon, () => look(context, request, tally, call, soon))
      if (prediction) await end(context, { mark: call.mark, prediction }, tally, soon)
    }),
  )
}

/** Cancels a call and writes its end down, where Replicate tells it soon enough; else it stays open. */
async function end(
  { client }: ReplicateContext,
  { mark, prediction }: Call,
  tally: Tally,
  soon: AbortSignal,
): Promise<void> {
  const ended = await orLater(soon, async () => {
    if (isEnded(prediction)) return prediction
    const canceled = await client.cancel(prediction.id, soon)
    // It may be on its way to its end, and what it cost is known there.
    return canceled && !isEnded(canceled) ? client.get(prediction.id, soon) : canceled
  })
  if (ended) await tally.ended(mark, ended)
}

/** @returns null where it does not come about: then it is left to whoever looks through the journal. */
async function orLater<T>(soon: AbortSignal, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ReplicateFailure || error === soon.reason) return null
    throw error
  }
}

function withCost(error: unknown, costMicros: number): unknown {
  if (error instanceof Stuck) {
    const message = 'Replicate did not get this done in time.'
    return new EngineError(message, { code: 'timeout', retryable: true, costMicros, cause: error })
  }
  const known = error instanceof ReplicateFailure ? toEngineError(error) : error
  if (!(known instanceof EngineError) || costMicros === 0) return known
  const { code, retryable, retryAfterMs, cause } = known
  return new EngineError(known.message, { code, retryable, retryAfterMs, costMicros, cause })
}
