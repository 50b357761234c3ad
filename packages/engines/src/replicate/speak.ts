import { randomUUID } from 'node:crypto'
import {
  type CallJournal,
  EngineError,
  HandedOver,
  type SpeakOptions,
  type SpeakRequest,
  type Speech,
} from '../engine.ts'
import { adopt } from './adopt.ts'
import type { Call } from './call.ts'
import type { ReplicateContext } from './context.ts'
import { create } from './create.ts'
import { estimateSpeech } from './estimate.ts'
import { ReplicateFailure, toEngineError } from './failure.ts'
import { follow, Stuck } from './follow.ts'
import { isAvailable, isEnded, type Prediction } from './prediction.ts'
import { priceOf } from './price.ts'
import { createTally, type Tally } from './tally.ts'
import { decodeWav } from './wav.ts'

/** For callers that keep no journal: what is lost then is lost, and ends by `Cancel-After`. */
const untracked: CallJournal = {
  open: [],
  announce: async () => randomUUID(),
  accepted: async () => true,
  ended: async () => undefined,
}

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
  const tally = createTally(journal, priceOf(request.text, context.microsPerCharacter))
  let call: Call | undefined
  try {
    call =
      (await adopt(context, request, journal, tally, signal)) ??
      (await create(context, request, journal, tally, signal))
    const ended = await follow(context, call.prediction, signal)
    return await take(context, request, { mark: call.mark, prediction: ended }, tally, signal)
  } catch (error) {
    const isHandedOver = signal.aborted && signal.reason instanceof HandedOver && calls !== undefined
    if (call && !isHandedOver && (signal.aborted || error instanceof Stuck)) await end(context, call, tally)
    signal.throwIfAborted()
    throw withCost(error, tally.costMicros)
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
    if (ms > estimateSpeech(request.text).maxMs) {
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

/** Cancels a call and writes its end down, where Replicate tells it soon enough; else it stays open. */
async function end({ client, timing }: ReplicateContext, { mark, prediction }: Call, tally: Tally): Promise<void> {
  const soon = AbortSignal.timeout(timing.cancel)
  try {
    let canceled = await client.cancel(prediction.id, soon)
    // It may be on its way to its end, and what it cost is known there.
    if (canceled && !isEnded(canceled)) canceled = await client.get(prediction.id, soon)
    if (canceled) await tally.ended(mark, canceled)
  } catch (error) {
    if (!(error instanceof ReplicateFailure) && error !== soon.reason) throw error
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
