import type { ReplicateClient } from './client.ts'
import { ReplicateFailure } from './failure.ts'
import { jittered } from './jitter.ts'
import { isEnded, type Prediction } from './prediction.ts'
import type { Timing } from './timing.ts'
import type { Wakes } from './wakes.ts'

/** A prediction that does not end. */
export class Stuck extends Error {
  override readonly name = 'Stuck'
}

export interface FollowContext {
  readonly client: ReplicateClient
  readonly wakes: Wakes
  readonly timing: Timing
  /** Between looks. */
  readonly polls: readonly number[]
}

/**
 * Looks at a prediction until it has ended. A look that fails is made again a few times: what is being made costs the same
 * whether it is seen or not.
 *
 * @returns null when it is there no more. @throws {Stuck}, {ReplicateFailure}, the signal's reason.
 */
export async function follow(
  { client, wakes, timing, polls }: FollowContext,
  begun: Prediction,
  signal: AbortSignal,
): Promise<Prediction | null> {
  const until = performance.now() + timing.call
  let prediction = begun
  let failed = 0
  for (let look = 0; !isEnded(prediction); look++) {
    if (performance.now() > until) throw new Stuck(`prediction ${prediction.id} does not end`)
    await wakes.sleep(prediction.id, jittered(polls[Math.min(look, polls.length - 1)] ?? 0), signal)
    for (;;) {
      try {
        const seen = await client.get(prediction.id, signal)
        if (!seen) return null
        prediction = seen
        failed = 0
        break
      } catch (error) {
        if (!(error instanceof ReplicateFailure) || !error.isPassing || performance.now() > until) throw error
        // Told to come later, it is only later.
        const waitMs = error.status === 429 ? error.retryAfterMs : timing.retries[failed++]
        if (waitMs == null) throw error
        await wakes.sleep(prediction.id, jittered(waitMs), signal)
      }
    }
  }
  return prediction
}
