import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../engine.ts'
import { ReplicateFailure } from './failure.ts'
import { jittered } from './jitter.ts'

/**
 * Keeps creations back while Replicate takes none: after a 429 nobody asks before `Retry-After` is over, and then one at
 * a time, until one of them is taken. Otherwise all that wait would come at the same moment and be refused again.
 */
export interface Gate {
  /**
   * @throws {EngineError} `throttled` when that would take longer than the patience; the signal's reason.
   */
  pass<T extends object>(signal: AbortSignal, ask: () => Promise<T>): Promise<T>
}

export function createGate(patienceMs: number): Gate {
  let opensAt = 0
  let narrow = false
  /** The last question that is on its way. */
  let asking: Promise<unknown> | undefined

  const giveUp = (ms: number) =>
    new EngineError('Replicate takes no more requests for now.', {
      code: 'throttled',
      retryable: true,
      retryAfterMs: Math.max(0, Math.ceil(ms)),
    })

  async function askNow<T>(ask: () => Promise<T>): Promise<T> {
    try {
      const result = await ask()
      narrow = false
      return result
    } catch (error) {
      if (error instanceof ReplicateFailure && error.status === 429) {
        narrow = true
        // Other processes with the same account were told the same.
        opensAt = Math.max(opensAt, performance.now() + jittered(error.retryAfterMs ?? 0))
      }
      // Refused for another reason is let through, as far as the limit goes; what was not sent says nothing of it.
      else if (error instanceof ReplicateFailure) narrow = false
      throw error
    }
  }

  return {
    async pass(signal, ask) {
      const until = performance.now() + patienceMs
      for (;;) {
        signal.throwIfAborted()
        const closedMs = opensAt - performance.now()
        if (performance.now() + Math.max(0, closedMs) > until) throw giveUp(closedMs)
        if (closedMs > 0) await sleep(closedMs, undefined, { signal }).catch(() => signal.throwIfAborted())
        else if (narrow && asking) await asking.catch(() => undefined)
        else {
          const asked = askNow(ask).finally(() => {
            if (asking === asked) asking = undefined
          })
          asking = asked
          const result = await asked.catch((error: unknown) => {
            if (error instanceof ReplicateFailure && error.status === 429) return undefined
            throw error
          })
          if (result !== undefined) return result
        }
      }
    },
  }
}
