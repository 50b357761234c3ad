import { EngineError, type OpenCall, type SpeakRequest } from '../engine.ts'
import type { Call } from './call.ts'
import type { ReplicateContext } from './context.ts'
import { findPredictions } from './find.ts'
import { isAvailable, isEnded, type Prediction } from './prediction.ts'
import type { Tally } from './tally.ts'
import { certainAfterMs } from './timing.ts'

/** Calls whose fate is unknown, with which another one would be one too many. */
const mostUnknown = 2

/**
 * Takes up what earlier calls have left open: the one that is furthest is followed, any other is ended. What can be told of
 * the rest is written down.
 *
 * @returns null when there is none, and one may be made.
 * @throws {EngineError} `unavailable` while too many of them may yet be found; {ReplicateFailure}; the signal's reason.
 */
export async function adopt(
  context: ReplicateContext,
  request: SpeakRequest,
  tally: Tally,
  signal: AbortSignal,
): Promise<Call | null> {
  const found: Call[] = []
  let unknown = 0
  let certainInMs = 0
  for (const open of tally.open) {
    const ask = () => look(context, request, tally, open, signal)
    const prediction = await (open.providerId === null ? context.reach.look(signal, ask) : ask())
    if (prediction && (isAvailable(prediction) || !isEnded(prediction))) found.push({ mark: open.mark, prediction })
    else if (prediction?.status === 'succeeded') await tally.gone(open.mark)
    else if (prediction) await tally.ended(open.mark, prediction)
    else if (open.providerId !== null) await tally.gone(open.mark)
    else {
      const restMs = open.announcedAt.getTime() + certainAfterMs - Date.now()
      if (restMs <= 0) await tally.refused(open.mark)
      else {
        unknown++
        certainInMs = Math.max(certainInMs, restMs)
      }
    }
  }
  const [best, ...others] = found.sort((a, b) => rank(a.prediction) - rank(b.prediction))
  for (const { mark, prediction } of others) {
    const ended = isEnded(prediction) ? prediction : await context.client.cancel(prediction.id, signal)
    if (ended) await tally.ended(mark, ended)
  }
  if (best) return best
  if (unknown < mostUnknown) return null
  throw new EngineError('Replicate may be making this already, and does not tell.', {
    code: 'unavailable',
    retryable: true,
    retryAfterMs: certainInMs,
  })
}

/** What an open call has become. @returns null when it is not there, or not yet. */
export async function look(
  context: ReplicateContext,
  request: SpeakRequest,
  tally: Tally,
  call: OpenCall,
  signal: AbortSignal,
): Promise<Prediction | null> {
  const { client, model } = context
  if (call.providerId !== null) return client.get(call.providerId, signal)
  for (const prediction of await findPredictions(client, model, { ...call, request }, signal)) {
    if (await tally.accepted(call.mark, prediction.id)) return prediction
  }
  return null
}

/** The nearer to its audio the better; of two as near, the older. */
function rank({ status, created_at }: Prediction): number {
  const distance = { succeeded: 0, processing: 1, starting: 2, failed: 3, canceled: 3, aborted: 3 }[status]
  return distance * 1e14 + created_at.getTime()
}
