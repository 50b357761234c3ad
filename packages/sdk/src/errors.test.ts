import { TRPCClientError } from '@trpc/client'
import { expect, expectTypeOf, test } from 'vitest'
import type { AppRouter, ErrorShape, Reason } from './api.d.ts'
import {
  ConnectionError,
  type ErrorReason,
  InvalidInputError,
  LoquiError,
  NotFoundError,
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

test('the classes tell apart what a program handles differently', () => {
  expect(toLoquiError(refused({ reason: 'quota_exceeded' }))).toBeInstanceOf(QuotaExceededError)
  expect(toLoquiError(refused({ reason: 'voice_not_found' }))).toBeInstanceOf(NotFoundError)
  expect(toLoquiError(refused({ reason: 'api_key_revoked' }))).toBeInstanceOf(UnauthenticatedError)
  const busy = toLoquiError(refused({ reason: 'busy', retryAfterSeconds: 2 }))
  expect(busy).toBeInstanceOf(RateLimitedError)
  expect(busy.retryAfterMs).toBe(2000)
})

test('a reason that this version does not know stays readable', () => {
  const error = toLoquiError(refused({ reason: 'rate_of_tomorrow' as Reason }))
  expect(error).toBeInstanceOf(LoquiError)
  expect(error).toMatchObject({ reason: 'rate_of_tomorrow', message: 'Because.' })
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
