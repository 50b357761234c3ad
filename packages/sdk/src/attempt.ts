import type { Debug } from './debug.ts'
import { ConnectionError, type ErrorReason, LoquiError, TimeoutError, toLoquiError } from './errors.ts'

/** How one call is made. Each overrides what the client was made with. */
export interface RequestOptions {
  /** Gives up when aborted; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** How long each try may take, in milliseconds. */
  readonly timeoutMs?: number | undefined
  /** How often a call that may be repeated without harm is tried again after it failed for a passing cause. */
  readonly maxRetries?: number | undefined
}

/** The defaults of a client. */
export interface RequestDefaults {
  readonly timeoutMs: number
  readonly maxRetries: number
  /** Told of every retry. */
  readonly debug?: Debug | undefined
}

const passing: ReadonlySet<ErrorReason> = new Set([
  'busy',
  'rate_limited',
  'concurrency_limited',
  'service_unavailable',
  'idempotency_in_flight',
  'connection_failed',
  'timed_out',
])

/** @returns whether the same call may well succeed later; other failures come back however often one asks. */
export const isPassing = (error: unknown) => error instanceof LoquiError && passing.has(error.reason)

const firstDelayMs = 500
const longestDelayMs = 8_000
/** Who is told to come back later than this is told so, rather than kept waiting. */
const longestWaitMs = 60_000
/** What a timer can hold; `Infinity` would end at once. */
const longestTimerMs = 2 ** 31 - 1

/** @param moved says that something goes on: the time of the try begins again. */
export type Call<T> = (signal: AbortSignal, moved: () => void) => Promise<T>

/**
 * Makes a call, again while it fails for a passing cause and may be repeated.
 *
 * @throws {LoquiError}; the reason of `options.signal`.
 */
export async function attempt<T>(
  call: Call<T>,
  options: RequestOptions & { readonly repeatable: boolean },
  defaults: RequestDefaults,
): Promise<T> {
  const { signal, timeoutMs = defaults.timeoutMs } = options
  const retries = options.repeatable ? (options.maxRetries ?? defaults.maxRetries) : 0
  for (let retry = 0; ; retry++) {
    signal?.throwIfAborted()
    const timer = deadline(timeoutMs)
    try {
      return await call(signal ? AbortSignal.any([signal, timer.signal]) : timer.signal, timer.restart)
    } catch (cause) {
      signal?.throwIfAborted()
      const error = timer.signal.aborted ? timedOut(timeoutMs, cause) : toLoquiError(cause)
      if (retry >= retries || !isPassing(error) || (error.retryAfterMs ?? 0) > longestWaitMs) throw error
      const delayMs = delayBefore(retry, error)
      defaults.debug?.({ type: 'retry', retry: retry + 1, delayMs: Math.round(delayMs), error })
      await sleep(delayMs, signal)
    } finally {
      timer.clear()
    }
  }
}

/** A signal that aborts after `ms`, unless cleared: what is done must not keep a process alive or abort a body. */
export function deadline(ms: number): { readonly signal: AbortSignal; restart(): void; clear(): void } {
  const controller = new AbortController()
  const start = () => setTimeout(() => controller.abort(timedOut(ms)), Math.min(ms, longestTimerMs))
  let timer: ReturnType<typeof start> | undefined = start()
  return {
    signal: controller.signal,
    restart() {
      if (timer === undefined) return
      clearTimeout(timer)
      timer = start()
    },
    clear() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}

function timedOut(ms: number, cause?: unknown): TimeoutError {
  return new TimeoutError(`No answer came within ${ms / 1000} s.`, { reason: 'timed_out', cause })
}

/** Doubles with each retry; half of it is random, so that many clients do not come back in the same moment. */
export function delayBefore(retry: number, error: LoquiError): number {
  const backoff = Math.min(longestDelayMs, firstDelayMs * 2 ** retry)
  return Math.max(error.retryAfterMs ?? 0, backoff * (0.5 + Math.random() / 2))
}

/** @throws the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Without a connection for this long, what goes on by itself gives up. */
export const unreachableMs = 60_000

export function unreachable(ms: number, cause?: unknown): ConnectionError {
  return new ConnectionError(`Loqui could not be reached for ${ms / 1000} s.`, { reason: 'connection_failed', cause })
}
