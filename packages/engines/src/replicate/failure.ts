import { EngineError, type EngineErrorCode } from '../engine.ts'

/**
 * How a request to Replicate failed.
 *
 * `unreached`: it was not sent, so that nothing has happened. `lost`: it was sent, and what became of it is not known.
 * `answered`: there is a status.
 */
export class ReplicateFailure extends Error {
  override readonly name = 'ReplicateFailure'
  readonly kind: 'unreached' | 'lost' | 'answered'
  readonly status: number | null
  readonly retryAfterMs: number | null
  readonly timedOut: boolean

  constructor(
    message: string,
    options: {
      kind: ReplicateFailure['kind']
      status?: number
      retryAfterMs?: number | null
      timedOut?: boolean
      cause?: unknown
    },
  ) {
    super(message, { cause: options.cause })
    this.kind = options.kind
    this.status = options.status ?? null
    this.retryAfterMs = options.retryAfterMs ?? null
    this.timedOut = options.timedOut ?? false
  }

  /** Whether a creation that failed so may have been accepted. A gateway's 5xx does not say what happened behind it. */
  get mayHaveHappened(): boolean {
    return this.kind === 'lost' || (this.status !== null && this.status >= 500)
  }

  /** Whether the same request may fare better in a moment. */
  get isPassing(): boolean {
    return this.kind !== 'answered' || this.status === 429 || (this.status !== null && this.status >= 500)
  }
}

/** What a failure is called above the engine. */
export function toEngineError(failure: ReplicateFailure): EngineError {
  const { code, retryable, message } = verdict(failure)
  return new EngineError(message, { code, retryable, retryAfterMs: failure.retryAfterMs, cause: failure })
}

function verdict({ kind, status, timedOut }: ReplicateFailure): {
  code: EngineErrorCode
  retryable: boolean
  message: string
} {
  if (kind !== 'answered') {
    const code = timedOut ? 'timeout' : 'unavailable'
    const message = timedOut ? 'Replicate did not answer in time.' : 'Replicate could not be reached.'
    return { code, retryable: true, message }
  }
  switch (status) {
    case 401:
    case 403:
      return { code: 'unauthorized', retryable: false, message: 'Replicate does not take the token.' }
    case 402:
      return { code: 'no_credit', retryable: false, message: 'There is no credit left at Replicate.' }
    case 429:
      return { code: 'throttled', retryable: true, message: 'Replicate takes no more requests for now.' }
    default:
      return status !== null && status >= 400 && status < 500
        ? { code: 'invalid_input', retryable: false, message: 'Replicate does not take this request.' }
        : { code: 'unavailable', retryable: true, message: 'Replicate could not answer.' }
  }
}
