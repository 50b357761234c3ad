import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, type OpenCall, type SpeakRequest } from '../engine.ts'
import { startWatch } from '../watch.ts'
import { look } from './adopt.ts'
import type { Call } from './call.ts'
import type { ReplicateContext } from './context.ts'
import { ReplicateFailure } from './failure.ts'
import { inputOf } from './input.ts'
import { jittered } from './jitter.ts'
import type { Prediction } from './prediction.ts'
import type { Tally } from './tally.ts'
import { sentWithinMs } from './timing.ts'

/**
 * Asks Replicate for one prediction, and writes down before and after. Where the answer is lost, what was asked for is
 * looked for: it is asked for once, and never again from here. What was announced too long ago is not asked for at all: others
 * may have looked for it in vain.
 *
 * @throws {ReplicateFailure}; {EngineError} `unavailable` when it is not known what became of it, and then the call stays
 * open, or that nothing was sent any more, and then it is refused; the signal's reason.
 */
export async function create(
  context: ReplicateContext,
  request: SpeakRequest,
  tally: Tally,
  signal: AbortSignal,
): Promise<Call> {
  const { client, model, limiter, gate, reach, references, webhook } = context
  const reference = request.reference ? await references.address(request.reference, signal) : null
  return gate.pass(signal, async () => {
    await limiter.take(signal)
    const elapsedMs = startWatch()
    const call = await tally.announce()
    const { mark } = call
    if (signal.aborted || elapsedMs() > sentWithinMs) {
      await tally.refused(mark)
      signal.throwIfAborted()
      throw new EngineError('It took too long to ask Replicate.', { code: 'unavailable', retryable: true })
    }
    const input = inputOf(model, request, { mark, reference })
    const asked = reach.create(() => client.create(model.address, input, webhook))
    try {
      const prediction = await leaveLate(asked, signal, context.timing.cancel)
      await tally.accepted(mark, prediction.id)
      return { mark, prediction }
    } catch (error) {
      if (!(error instanceof ReplicateFailure)) throw error
      if (!error.mayHaveHappened) {
        await tally.refused(mark)
        throw error
      }
      const prediction = await lookFor(context, request, tally, call, error, signal)
      if (prediction) return { mark, prediction }
      // It stays open: the list may be behind.
      throw error
    }
  })
}

/**
 * Waits for the answer, and after an abort a moment longer: an answer that comes then says what is to be canceled. One that
 * comes later is found by whoever looks through the journal.
 */
async function leaveLate(asked: Promise<Prediction>, signal: AbortSignal, graceMs: number): Promise<Prediction> {
  const { promise: left, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const leave = () => {
    timer = setTimeout(() => reject(signal.reason), graceMs)
  }
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([asked, left])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
  }
}

/**
 * Looks for a creation whose answer was lost; once where there was one, which says that it has been done or never will be.
 *
 * @returns null when it is not there. @throws {EngineError} when that cannot be told.
 */
async function lookFor(
  context: ReplicateContext,
  request: SpeakRequest,
  tally: Tally,
  call: OpenCall,
  failure: ReplicateFailure,
  signal: AbortSignal,
): Promise<Prediction | null> {
  const waits = failure.kind === 'answered' ? context.timing.looks.slice(0, 1) : context.timing.looks
  try {
    for (const waitMs of waits) {
      await sleep(jittered(waitMs), undefined, { signal }).catch(() => signal.throwIfAborted())
      const prediction = await context.reach.look(signal, () => look(context, request, tally, call, signal))
      if (prediction) return prediction
    }
  } catch (error) {
    if (!(error instanceof ReplicateFailure)) throw error
    throw new EngineError('Replicate did not say whether it is making this.', {
      code: failure.timedOut || error.timedOut ? 'timeout' : 'unavailable',
      retryable: true,
      retryAfterMs: error.retryAfterMs,
      cause: failure,
    })
  }
  return null
}
