import { isTRPCClientError } from '@trpc/client'
import type { AppRouter, Generation, Issue, Reason } from './api.d.ts'

/** Why a call failed: what Loqui answered, or that no answer came. */
export type ErrorReason = Reason | 'connection_failed' | 'timed_out'

/** What is known of a failure besides its sentence. */
export interface ErrorDetails {
  readonly reason: ErrorReason
  readonly status?: number | null
  readonly requestId?: string | null
  readonly issues?: readonly Issue[]
  readonly retryAfterMs?: number | null
  readonly cause?: unknown
}

/**
 * Whatever a call of this client fails with, except the reason of a signal that you aborted yourself.
 *
 * @example
 * ```ts
 * try {
 *   await loqui.speak({ text, voiceId })
 * } catch (error) {
 *   if (error instanceof QuotaExceededError) return showPlans()
 *   if (error instanceof LoquiError) return show(error.message, error.requestId)
 *   throw error
 * }
 * ```
 */
export class LoquiError extends Error {
  override readonly name: string = 'LoquiError'
  /** Of a closed union, so that a `switch` over it can be exhaustive. */
  readonly reason: ErrorReason
  /** The HTTP status it has or would have; `null` when no answer came. */
  readonly status: number | null
  /** What to name when asking the people who run the server: their log knows it. */
  readonly requestId: string | null
  /** The fields that were wrong, and what they accept. */
  readonly issues: readonly Issue[]
  /** How long to wait before the same call may succeed, where the server said so. */
  readonly retryAfterMs: number | null

  constructor(message: string, details: ErrorDetails) {
    super(message, { cause: details.cause })
    this.reason = details.reason
    this.status = details.status ?? null
    this.requestId = details.requestId ?? null
    this.issues = details.issues ?? []
    this.retryAfterMs = details.retryAfterMs ?? null
  }
}

/** Something that was sent is not accepted; `issues` names the fields. */
export class InvalidInputError extends LoquiError {
  override readonly name = 'InvalidInputError'
}
/** No credentials, or such as do not hold (any more). */
export class UnauthenticatedError extends LoquiError {
  override readonly name = 'UnauthenticatedError'
}
/** The credentials hold and do not allow this. */
export class PermissionDeniedError extends LoquiError {
  override readonly name = 'PermissionDeniedError'
}
/** There is no such thing, or it is somebody else's. */
export class NotFoundError extends LoquiError {
  override readonly name = 'NotFoundError'
}
/** It does not go with how things stand: audio that is not ready, an e-mail address that is taken. */
export class ConflictError extends LoquiError {
  override readonly name = 'ConflictError'
}
/** There is no room for it: of seconds of audio in this period, of a budget, or of storage. `reason` says which. */
export class QuotaExceededError extends LoquiError {
  override readonly name = 'QuotaExceededError'
}
/** Too much at once, for now; `retryAfterMs` says how long. */
export class RateLimitedError extends LoquiError {
  override readonly name = 'RateLimitedError'
}
/** Loqui, or something it stands on, is not working. */
export class ServerError extends LoquiError {
  override readonly name = 'ServerError'
}
/** No answer came: no network, no server, or a connection that was cut. */
export class ConnectionError extends LoquiError {
  override readonly name = 'ConnectionError'
}
/** No answer came within `timeoutMs`. */
export class TimeoutError extends LoquiError {
  override readonly name = 'TimeoutError'
}

/** A generation that was waited for has no audio: it failed or was canceled. `reason` says why. */
export class GenerationFailedError extends LoquiError {
  override readonly name = 'GenerationFailedError'
  readonly generation: Generation

  constructor(generation: Generation) {
    const { state, error } = generation
    super(error?.message ?? `The generation was ${state}.`, { reason: error?.reason ?? 'audio_not_ready' })
    this.generation = generation
  }
}

type ErrorClass = new (message: string, details: ErrorDetails) => LoquiError

/** A class says what can be done, and so does a status. A status that a newer server gives to a new reason does so, too. */
const classes: Partial<Record<number, ErrorClass>> = {
  401: UnauthenticatedError,
  402: QuotaExceededError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  429: RateLimitedError,
}

/** Reasons whose status says something else. */
const classesOfReasons: Partial<Record<Reason, ErrorClass>> = {
  quota_exceeded: QuotaExceededError,
  idempotency_key_reused: ConflictError,
  busy: RateLimitedError,
}

/** What an answer means that is not Loqui's own, such as the page of a proxy in front of it. */
const reasonsOfStatus: Partial<Record<number, Reason>> = {
  400: 'invalid_input',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  413: 'payload_too_large',
  429: 'rate_limited',
  500: 'internal',
}

/**
 * Makes a `LoquiError` of whatever a call threw: for errors of `loqui.trpc` and of the React hooks, which are tRPC's own.
 *
 * @example
 * ```ts
 * const { error } = useQuery(trpc.voices.list.queryOptions())
 * if (error) return <Alert>{toLoquiError(error).message}</Alert>
 * ```
 */
export function toLoquiError(error: unknown): LoquiError {
  if (error instanceof LoquiError) return error
  if (!isTRPCClientError<AppRouter>(error)) return noAnswer(error)
  const { data } = error
  if (data?.reason) {
    return fromReason(data.reason, error.message, {
      status: data.httpStatus,
      requestId: data.requestId,
      issues: data.issues,
      retryAfterMs: data.retryAfterSeconds === null ? null : data.retryAfterSeconds * 1000,
      cause: error,
    })
  }
  return error.cause instanceof LoquiError ? error.cause : noAnswer(error)
}

/** Reads `application/problem+json`, or makes the best of another answer's status. */
export async function readProblem(response: Response): Promise<LoquiError> {
  const problem: unknown = await response.json().catch(() => null)
  const { reason, detail, requestId, issues } = Object(problem)
  if (typeof reason !== 'string' || typeof detail !== 'string') return fromStatus(response)
  return fromReason(reason as Reason, detail, {
    status: response.status,
    requestId,
    issues,
    retryAfterMs: retryAfterMs(response),
  })
}

/** Makes the best of an answer that is not Loqui's own. */
export function fromStatus(response: Response): LoquiError {
  const { status, headers } = response
  const reason = reasonsOfStatus[status] ?? (status < 500 ? 'invalid_input' : 'service_unavailable')
  return fromReason(reason, `The server answered with status ${status}.`, {
    status,
    requestId: headers.get('x-request-id'),
    retryAfterMs: retryAfterMs(response),
  })
}

function fromReason(
  reason: Reason,
  message: string,
  details: Omit<ErrorDetails, 'reason'> & { readonly status: number },
): LoquiError {
  const { status } = details
  const Class = classesOfReasons[reason] ?? classes[status] ?? (status < 500 ? InvalidInputError : ServerError)
  return new Class(message, { ...details, reason })
}

export function notLoqui(baseUrl: URL): ConnectionError {
  return new ConnectionError(`What answers at ${baseUrl} is not Loqui.`, { reason: 'connection_failed' })
}

function noAnswer(cause: unknown): ConnectionError {
  return new ConnectionError(`Loqui cannot be reached: ${rootMessage(cause)}.`, { reason: 'connection_failed', cause })
}

/** `fetch failed` says nothing; what it was caused by does. */
function rootMessage(error: unknown): string {
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  // Several addresses were tried, and each failed.
  if (root instanceof AggregateError && root.errors.length > 0) root = root.errors[0]
  const message = root instanceof Error ? root.message : ''
  return (message || 'the connection failed').replace(/\.$/, '')
}

/** `Retry-After` in milliseconds: it comes as seconds or as a date. */
function retryAfterMs(response: Response): number | null {
  const value = response.headers.get('retry-after')
  if (value === null) return null
  const seconds = Number(value)
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
