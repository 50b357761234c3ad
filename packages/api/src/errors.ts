import { type Issue, type Reason, Refusal } from '@loqui/core/errors'
import { refusalOfStorage } from '@loqui/core/storage/refusal'
import { TRPCError } from '@trpc/server'
import type { TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODE_NUMBER } from '@trpc/server/unstable-core-do-not-import'
import { z } from 'zod'
import { shorten } from './text.ts'

/** What a refusal of each reason is over HTTP, in tRPC's words. The number is `TRPC_ERROR_CODES_BY_KEY`'s for it. */
const codes: Record<Reason, TRPC_ERROR_CODE_KEY> = {
  invalid_input: 'BAD_REQUEST',
  cursor_malformed: 'BAD_REQUEST',
  text_empty: 'BAD_REQUEST',
  text_too_long: 'BAD_REQUEST',
  text_not_speakable: 'UNPROCESSABLE_CONTENT',
  format_unsupported: 'BAD_REQUEST',
  payload_too_large: 'PAYLOAD_TOO_LARGE',
  upload_incomplete: 'BAD_REQUEST',
  upload_too_slow: 'TIMEOUT',
  audio_unsupported: 'UNSUPPORTED_MEDIA_TYPE',
  audio_undecodable: 'UNPROCESSABLE_CONTENT',
  audio_mislabeled: 'UNPROCESSABLE_CONTENT',
  audio_too_short: 'UNPROCESSABLE_CONTENT',
  audio_too_long: 'UNPROCESSABLE_CONTENT',
  audio_too_complex: 'UNPROCESSABLE_CONTENT',
  audio_silent: 'UNPROCESSABLE_CONTENT',
  audio_clipped: 'UNPROCESSABLE_CONTENT',
  unauthenticated: 'UNAUTHORIZED',
  session_expired: 'UNAUTHORIZED',
  wrong_credentials: 'UNAUTHORIZED',
  api_key_malformed: 'UNAUTHORIZED',
  api_key_invalid: 'UNAUTHORIZED',
  api_key_expired: 'UNAUTHORIZED',
  api_key_revoked: 'UNAUTHORIZED',
  token_invalid: 'UNAUTHORIZED',
  token_expired: 'UNAUTHORIZED',
  account_disabled: 'FORBIDDEN',
  forbidden: 'FORBIDDEN',
  scope_missing: 'FORBIDDEN',
  origin_forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  user_not_found: 'NOT_FOUND',
  plan_not_found: 'NOT_FOUND',
  key_not_found: 'NOT_FOUND',
  voice_not_found: 'NOT_FOUND',
  sample_not_found: 'NOT_FOUND',
  consent_not_found: 'NOT_FOUND',
  voice_unavailable: 'CONFLICT',
  voice_not_cloneable: 'UNPROCESSABLE_CONTENT',
  consent_required: 'FORBIDDEN',
  sample_in_use: 'CONFLICT',
  alias_taken: 'CONFLICT',
  pronunciation_not_found: 'NOT_FOUND',
  pronunciation_exists: 'CONFLICT',
  generation_not_found: 'NOT_FOUND',
  events_expired: 'PRECONDITION_FAILED',
  audio_not_ready: 'CONFLICT',
  link_invalid: 'FORBIDDEN',
  link_expired: 'FORBIDDEN',
  email_taken: 'CONFLICT',
  refund_not_possible: 'CONFLICT',
  idempotency_key_reused: 'UNPROCESSABLE_CONTENT',
  idempotency_in_flight: 'CONFLICT',
  quota_exceeded: 'TOO_MANY_REQUESTS',
  budget_exceeded: 'PAYMENT_REQUIRED',
  storage_quota_exceeded: 'PAYMENT_REQUIRED',
  rate_limited: 'TOO_MANY_REQUESTS',
  concurrency_limited: 'TOO_MANY_REQUESTS',
  busy: 'SERVICE_UNAVAILABLE',
  storage_full: 'SERVICE_UNAVAILABLE',
  engine_failed: 'BAD_GATEWAY',
  service_unavailable: 'SERVICE_UNAVAILABLE',
  internal: 'INTERNAL_SERVER_ERROR',
}

/** Where tRPC itself refuses, before any of our code: an unknown path, a body too large, a method that is not meant. */
const reasonsOfCodes: Partial<Record<TRPC_ERROR_CODE_KEY, Reason>> = {
  BAD_REQUEST: 'invalid_input',
  NOT_FOUND: 'not_found',
  METHOD_NOT_SUPPORTED: 'invalid_input',
  UNSUPPORTED_MEDIA_TYPE: 'invalid_input',
}

/** What every error carries on the wire. */
export interface ErrorShape {
  message: string
  code: TRPC_ERROR_CODE_NUMBER
  data: ErrorData
}

export interface ErrorData {
  code: TRPC_ERROR_CODE_KEY
  httpStatus: number
  path?: string
  /** Of one closed union. */
  reason: Reason
  /** The fields that were wrong, and what they accept. */
  issues: Issue[]
  /** When the same call may be tried again, in seconds. */
  retryAfterSeconds: number | null
  /** Also in the header `x-request-id`; the log knows it. */
  requestId: string
}

/** PostgreSQL and its driver saying "not now" rather than "no", by SQLSTATE or by the operating system's word for it. */
const passing = new Set([
  // deadlock_detected, serialization_failure
  '40P01',
  '40001',
  // connection_exception and its kinds
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  // too_many_connections, lock_not_available, query_canceled
  '53300',
  '55P03',
  '57014',
  // admin_shutdown, crash_shutdown, cannot_connect_now
  '57P01',
  '57P02',
  '57P03',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EAI_AGAIN',
])

/** Makes a refusal of whatever was thrown. What nobody expected says nothing but its request's id. */
export function toRefusal(error: unknown, requestId: string): Refusal {
  const cause = error instanceof TRPCError ? (error.cause ?? error) : error
  if (cause instanceof Refusal) return cause
  if (cause instanceof z.ZodError) return inputRefusal(cause)
  if (error instanceof TRPCError) {
    if (error.code === 'PARSE_ERROR') return unreadable(cause)
    if (error.code === 'PAYLOAD_TOO_LARGE') {
      return new Refusal('payload_too_large', 'The body of the request is too large.', { cause })
    }
    // With a cause its message is that of the cause, which is not ours to show.
    const reason = error.cause === undefined ? reasonsOfCodes[error.code] : undefined
    if (reason !== undefined) return new Refusal(reason, error.message, { cause })
  }
  const ofStorage = refusalOfStorage(cause)
  if (ofStorage) return ofStorage
  if (isPassing(cause)) {
    return new Refusal('service_unavailable', 'Loqui cannot answer right now. Try again in a moment.', {
      retryAfterSeconds: 1,
      cause,
    })
  }
  return new Refusal('internal', `Something went wrong on our side. It is noted under ${requestId}.`, { cause })
}

/** @returns true for what has to be looked at: an expected refusal is no alarm. */
export const isAlarm = ({ reason }: Refusal) =>
  reason === 'internal' || reason === 'service_unavailable' || reason === 'storage_full'

export function toTRPCError(refusal: Refusal): TRPCError {
  return new TRPCError({ code: codes[refusal.reason], message: refusal.message, cause: refusal })
}

/** Input that is not even JSON, or not as superjson writes it. */
export function unreadable(cause: unknown): Refusal {
  const message = 'must be JSON as superjson writes it: {"json": …}'
  return new Refusal('invalid_input', `input: ${message}`, { issues: [{ field: 'input', message }], cause })
}

/** @throws {Refusal} `invalid_input`, naming each field. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw inputRefusal(parsed.error)
  return parsed.data
}

function inputRefusal(error: z.ZodError): Refusal {
  const issues = error.issues.map(({ path, message }) => ({
    field: shorten(path.join('.')) || 'input',
    message: shorten(message),
  }))
  const message = issues.map(({ field, message }) => `${field}: ${message}`).join('; ')
  return new Refusal('invalid_input', message, { issues, cause: error })
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string' && passing.has(error.code)) return true
  return /^(timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client .* not queryable$)/.test(
    error.message,
  )
}
