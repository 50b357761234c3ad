import { toTRPCError } from '@loqui/api/errors'
import { Refusal, reasons } from '@loqui/core/errors'
import { TRPCClientError } from '@trpc/client'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import { expect, expectTypeOf, test } from 'vitest'
import type { AppRouter, ErrorShape, Reason } from './api.d.ts'
import {
  ConflictError,
  ConnectionError,
  type ErrorReason,
  InvalidInputError,
  LoquiError,
  NotFoundError,
  PermissionDeniedError,
  QuotaExceededError,
  RateLimitedError,
  readProblem,
  ServerError,
  toLoquiError,
  UnauthenticatedError,
} from './errors.ts'

const refused = (data: Partial<ErrorShape['data']> & { readonly reason: Reason }) =>
  TRPCClientError.from<AppRouter>({
    error: {
      message: 'Because.',
      code: -32600,
      data: { code: 'BAD_REQUEST', httpStatus: 400, issues: [], retryAfterSeconds: null, requestId: 'req_1', ...data },
    },
  })

test('a refusal becomes the class of its reason, with all that the server said', () => {
  const issues = [{ field: 'settings.speed', message: 'must be at most 4' }]
  const error = toLoquiError(refused({ reason: 'invalid_input', issues }))
  expect(error).toBeInstanceOf(InvalidInputError)
  expect(error).toMatchObject({
    name: 'InvalidInputError',
    message: 'Because.',
    reason: 'invalid_input',
    status: 400,
    requestId: 'req_1',
    issues,
    retryAfterMs: null,
  })
  expect(error.cause).toBeInstanceOf(TRPCClientError)
})

/** What a program does about each reason, where the server says which status it has. */
const classes: Record<Reason, typeof LoquiError> = {
  invalid_input: InvalidInputError,
  cursor_malformed: InvalidInputError,
  text_empty: InvalidInputError,
  text_too_long: InvalidInputError,
  text_not_speakable: InvalidInputError,
  format_unsupported: InvalidInputError,
  payload_too_large: InvalidInputError,
  upload_incomplete: InvalidInputError,
  upload_too_slow: InvalidInputError,
  audio_unsupported: InvalidInputError,
  audio_undecodable: InvalidInputError,
  audio_mislabeled: InvalidInputError,
  audio_too_short: InvalidInputError,
  audio_too_long: InvalidInputError,
  audio_too_complex: InvalidInputError,
  audio_silent: InvalidInputError,
  audio_clipped: InvalidInputError,
  unauthenticated: UnauthenticatedError,
  session_expired: UnauthenticatedError,
  wrong_credentials: UnauthenticatedError,
  api_key_malformed: UnauthenticatedError,
  api_key_invalid: UnauthenticatedError,
  api_key_expired: UnauthenticatedError,
  api_key_revoked: UnauthenticatedError,
  token_invalid: UnauthenticatedError,
  token_expired: UnauthenticatedError,
  account_disabled: PermissionDeniedError,
  forbidden: PermissionDeniedError,
  scope_missing: PermissionDeniedError,
  origin_forbidden: PermissionDeniedError,
  not_found: NotFoundError,
  user_not_found: NotFoundError,
  plan_not_found: NotFoundError,
  key_not_found: NotFoundError,
  voice_not_found: NotFoundError,
  sample_not_found: NotFoundError,
  consent_not_found: NotFoundError,
  voice_unavailable: ConflictError,
  voice_not_cloneable: InvalidInputError,
  consent_required: PermissionDeniedError,
  sample_in_use: ConflictError,
  pronunciation_not_found: NotFoundError,
  pronunciation_exists: ConflictError,
  alias_taken: ConflictError,
  generation_not_found: NotFoundError,
  events_expired: InvalidInputError,
  audio_not_ready: ConflictError,
  link_invalid: PermissionDeniedError,
  link_expired: PermissionDeniedError,
  email_taken: ConflictError,
  refund_not_possible: ConflictError,
  idempotency_key_reused: ConflictError,
  idempotency_in_flight: ConflictError,
  quota_exceeded: QuotaExceededError,
  budget_exceeded: QuotaExceededError,
  storage_quota_exceeded: QuotaExceededError,
  rate_limited: RateLimitedError,
  concurrency_limited: RateLimitedError,
  busy: RateLimitedError,
  storage_full: ServerError,
  engine_failed: ServerError,
  service_unavailable: ServerError,
  internal: ServerError,
}

test.each(reasons)('%s is of the class that says what to do about it', (reason) => {
  const httpStatus = getHTTPStatusCodeFromError(toTRPCError(new Refusal(reason, 'Because.')))
  const error = toLoquiError(refused({ reason, httpStatus, retryAfterSeconds: 2 }))
  expect(error.constructor).toBe(classes[reason])
  expect(error).toMatchObject({ reason, retryAfterMs: 2000 })
})

test('a reason that this version does not know is of the class of its status', () => {
  const error = toLoquiError(refused({ reason: 'sample_of_tomorrow' as Reason, httpStatus: 404 }))
  expect(error).toBeInstanceOf(NotFoundError)
  expect(error).toMatchObject({ reason: 'sample_of_tomorrow', message: 'Because.' })
})

test('no answer is a connection error that names the root of it', () => {
  const cause = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') })
  const error = toLoquiError(TRPCClientError.from(cause))
  expect(error).toBeInstanceOf(ConnectionError)
  expect(error).toMatchObject({ reason: 'connection_failed', status: null })
  expect(error.message).toBe('Loqui cannot be reached: connect ECONNREFUSED 127.0.0.1:1.')
})

test('the page of a proxy is judged by its status', async () => {
  const headers = { 'x-request-id': 'req_2', 'retry-after': '3' }
  const error = await readProblem(new Response('<html>', { status: 502, headers }))
  expect(error).toBeInstanceOf(ServerError)
  expect(error).toMatchObject({ status: 502, reason: 'service_unavailable', requestId: 'req_2', retryAfterMs: 3000 })
  expect(toLoquiError(TRPCClientError.from(error))).toBe(error)
})

test('a problem of the audio path becomes the same classes', async () => {
  const problem = { reason: 'audio_not_ready', detail: 'This generation has no audio.', requestId: 'req_3', issues: [] }
  const error = await readProblem(Response.json(problem, { status: 409 }))
  expect(error).toMatchObject({ name: 'ConflictError', reason: 'audio_not_ready', status: 409, requestId: 'req_3' })
  expect(error.message).toBe('This generation has no audio.')
})

test('a date in Retry-After counts from now', async () => {
  const headers = { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }
  const { retryAfterMs } = await readProblem(new Response(null, { status: 503, headers }))
  expect(retryAfterMs).toBeGreaterThan(55_000)
  expect(retryAfterMs).toBeLessThanOrEqual(60_000)
})

test('an error that is one already stays itself', () => {
  const error = new LoquiError('No.', { reason: 'forbidden' })
  expect(toLoquiError(error)).toBe(error)
})

test('reasons are a closed union', () => {
  expectTypeOf<Reason>().toExtend<ErrorReason>()
  expectTypeOf<'whatever'>().not.toExtend<ErrorReason>()
})
