import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
} from 'cockatiel'
import { type Engine, EngineError, type EngineErrorCode } from './engine.ts'

/** What says that the engine does not work, whatever it is asked. Throttling is no such thing: it works, and says when. */
const broken: ReadonlySet<EngineErrorCode> = new Set(['unavailable', 'timeout', 'no_credit', 'unauthorized'])

export interface GuardOptions {
  /** Failures in a row that break the circuit. */
  readonly failures?: number
  /** Between probes of an engine that does not work, in milliseconds: at first, and at most. */
  readonly probeMs?: { readonly first: number; readonly most: number }
  /** Told when the circuit breaks, is probed and holds again. */
  readonly onState?: (engine: string, state: BreakerState) => void
}

/** `open`: it does not work and is left alone. `half_open`: one call finds out whether it works again. */
export type BreakerState = 'closed' | 'half_open' | 'open'

export interface GuardedEngine extends Engine {
  /** How the engine is seen from this process. */
  readonly breaker: BreakerState
}

/**
 * Guards an engine that is somewhere else: when it does not work it is left alone but for one call now and then, and whoever
 * asks meanwhile is told at once, with nothing asked and nothing paid.
 */
export function guard(engine: Engine, options: GuardOptions = {}): GuardedEngine {
  const { failures = 5, probeMs = { first: 5_000, most: 15_000 }, onState } = options
  const backoff = new ExponentialBackoff({ initialDelay: probeMs.first, maxDelay: probeMs.most })
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof EngineError && broken.has(error.code)),
    { halfOpenAfter: backoff, breaker: new ConsecutiveBreaker(failures) },
  )
  breaker.onStateChange((state) => onState?.(engine.id, nameOf(state)))
  const resting = () =>
    new EngineError(`${engine.id} does not work at the moment, and is left alone.`, {
      code: 'unavailable',
      retryable: true,
      // Long enough that nobody waits for it at a place that others could have.
      retryAfterMs: probeMs.most,
    })

  return {
    ...engine,
    // They may change, and a copy of them would not.
    get voices() {
      return engine.voices
    },
    get breaker() {
      return nameOf(breaker.state)
    },
    async speak(request, speaking) {
      // The breaker would let others wait for its probe, which may take minutes, and hear of no abort.
      if (breaker.state === CircuitState.HalfOpen) throw resting()
      try {
        return await breaker.execute(() => engine.speak(request, speaking))
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw resting()
        throw error
      }
    },
  }
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed'
  return state === CircuitState.HalfOpen ? 'half_open' : 'open'
}
