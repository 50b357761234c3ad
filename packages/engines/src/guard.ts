import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
} from 'cockatiel'
import { type BreakerState, type Engine, EngineError, type EngineErrorCode, type Speech } from './engine.ts'
import { isSpeakable } from './speakable.ts'

/** What says that the engine does not work, whatever it is asked. Throttling is no such thing: it works, and says when. */
const broken: ReadonlySet<EngineErrorCode> = new Set(['unavailable', 'timeout'])
/** What says so of all engines that the same account pays for. */
const accountBroken: ReadonlySet<EngineErrorCode> = new Set(['no_credit', 'unauthorized'])

export interface GuardOptions {
  /** Failures in a row that break the circuit. */
  readonly failures?: number
  /** Between probes of an engine that does not work, in milliseconds: at first, and at most. */
  readonly probeMs?: { readonly first: number; readonly most: number }
  /**
   * In milliseconds. What fails because nothing works has failed by then: a probe that has not is taken to be well, and
   * the others need not wait for the end of its speech.
   */
  readonly soundAfterMs?: number
  /** Told when the circuit breaks, is probed and holds again. */
  readonly onState?: (engine: string, state: BreakerState) => void
}

export type GuardedEngine = Engine & {
  /** How the engine is seen from this process. */
  readonly breaker: BreakerState
}

/** A probe that ended for reasons of its own has found nothing out, neither that the engine works nor that it does not. */
class GivenUp extends Error {
  override readonly name = 'GivenUp'
}

/** Uploading a sample, being answered and looking for what was lost have budgets of their own, which are over by then. */
const usual = { failures: 5, probeMs: { first: 5_000, most: 15_000 }, soundAfterMs: 90_000 }

/**
 * Guards engines that are somewhere else and belong to one account: one that does not work is left alone but for one call
 * now and then, and whoever asks meanwhile is told at once, with nothing asked and nothing paid. Where the account is
 * not taken, or has no credit, that goes for all of them.
 */
export function guard(engines: readonly Engine[], options: GuardOptions = {}): GuardedEngine[] {
  const { failures, probeMs, soundAfterMs, onState } = { ...usual, ...options }
  const open = (isBroken: (error: unknown) => boolean) =>
    circuitBreaker(handleWhen(isBroken), {
      halfOpenAfter: new ExponentialBackoff({ initialDelay: probeMs.first, maxDelay: probeMs.most }),
      breaker: new ConsecutiveBreaker(failures),
    })
  const account = open((error) =>
    error instanceof GivenUp
      ? account.state === CircuitState.HalfOpen
      : error instanceof EngineError && accountBroken.has(error.code),
  )

  return engines.map((engine) => {
    const own = open((error) => {
      // What the account kept from being asked has found nothing out, either.
      if (error instanceof GivenUp || error instanceof BrokenCircuitError) return own.state === CircuitState.HalfOpen
      return error instanceof EngineError && broken.has(error.code)
    })
    const breakers = [own, account]
    const isAny = (state: CircuitState) => breakers.some((breaker) => breaker.state === state)
    const state = (): BreakerState =>
      isAny(CircuitState.Open) ? 'open' : isAny(CircuitState.HalfOpen) ? 'half_open' : 'closed'
    /** When each was opened last. */
    const openedAt = new Map<unknown, number>()
    const isResting = (breaker: (typeof breakers)[number]) =>
      breaker.state === CircuitState.Open && performance.now() - (openedAt.get(breaker) ?? 0) < probeMs.most
    let told: BreakerState = 'closed'
    for (const breaker of breakers) {
      breaker.onStateChange((changed) => {
        if (changed === CircuitState.Open) openedAt.set(breaker, performance.now())
        const now = state()
        if (now === told) return
        told = now
        onState?.(engine.id, now)
      })
    }
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
        const now = state()
        // Nothing moves a breaker but a call: one that has been left alone long enough waits for the next to find out.
        return now === 'open' && !breakers.some(isResting) ? 'half_open' : now
      },
      async speak(request, speaking) {
        // Nobody is asked for it, and so it tells nothing.
        if (!isSpeakable(request.text)) return engine.speak(request, speaking)
        // A breaker would let others wait for its probe, and hear of no abort.
        if (isAny(CircuitState.HalfOpen)) throw resting()
        const isProbe = isAny(CircuitState.Open)
        let speech: Promise<Speech> | undefined
        const ask = async () => {
          speech = engine.speak(request, speaking)
          try {
            await within(speech, isProbe ? soundAfterMs : null)
          } catch (cause) {
            const isOurs = speaking.signal.aborted || !(cause instanceof EngineError)
            throw isProbe && isOurs ? new GivenUp('', { cause }) : cause
          }
        }
        try {
          await own.execute(() => account.execute(ask))
        } catch (error) {
          if (error instanceof BrokenCircuitError) throw resting()
          throw error instanceof GivenUp ? error.cause : error
        }
        if (!speech) throw new Error('a breaker that holds has asked nothing')
        return speech
      },
    }
  })
}

/** Waits for the end of something, but no longer than so many milliseconds; `null`: however long it takes. */
async function within(speech: Promise<unknown>, ms: number | null): Promise<void> {
  if (ms === null) {
    await speech
    return
  }
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  try {
    await Promise.race([speech, late])
  } finally {
    clearTimeout(timer)
  }
}
