import { type Reason, Refusal, reasons } from '@loqui/core/errors'
import { TRPCError } from '@trpc/server'
import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { RequestContext } from './context.ts'
import { toTRPCError } from './errors.ts'
import { publicProcedure, router } from './trpc.ts'

const statuses: Record<Reason, number> = {
  invalid_input: 400,
  cursor_malformed: 400,
  text_empty: 400,
  text_too_long: 400,
  text_not_speakable: 422,
  format_unsupported: 400,
  payload_too_large: 413,
  upload_incomplete: 400,
  upload_too_slow: 408,
  audio_unsupported: 415,
  audio_undecodable: 422,
  audio_mislabeled: 422,
  audio_too_short: 422,
  audio_too_long: 422,
  audio_too_complex: 422,
  audio_silent: 422,
  audio_clipped: 422,
  unauthenticated: 401,
  session_expired: 401,
  wrong_credentials: 401,
  api_key_malformed: 401,
  api_key_invalid: 401,
  api_key_expired: 401,
  api_key_revoked: 401,
  token_invalid: 401,
  token_expired: 401,
  account_disabled: 403,
  forbidden: 403,
  scope_missing: 403,
  origin_forbidden: 403,
  not_found: 404,
  user_not_found: 404,
  plan_not_found: 404,
  key_not_found: 404,
  voice_not_found: 404,
  sample_not_found: 404,
  consent_not_found: 404,
  voice_unavailable: 409,
  voice_not_cloneable: 422,
  consent_required: 403,
  sample_in_use: 409,
  alias_taken: 409,
  pronunciation_not_found: 404,
  pronunciation_exists: 409,
  generation_not_found: 404,
  events_expired: 412,
  audio_not_ready: 409,
  link_invalid: 403,
  link_expired: 403,
  email_taken: 409,
  refund_not_possible: 409,
  idempotency_key_reused: 422,
  idempotency_in_flight: 409,
  quota_exceeded: 429,
  budget_exceeded: 402,
  storage_quota_exceeded: 402,
  rate_limited: 429,
  concurrency_limited: 429,
  busy: 503,
  storage_full: 503,
  engine_failed: 502,
  service_unavailable: 503,
  internal: 500,
}

test.each([...reasons])('a refusal with the reason %s has its status and says the same in its body', async (reason) => {
  const { status, body } = await call(() => {
    throw new Refusal(reason, 'Because.', { issues: [{ field: 'text', message: 'is odd' }], retryAfterSeconds: 7 })
  })
  const { code } = toTRPCError(new Refusal(reason, ''))
  expect({ status, body }).toEqual({
    status: statuses[reason],
    body: {
      error: {
        json: {
          message: 'Because.',
          code: TRPC_ERROR_CODES_BY_KEY[code],
          data: {
            code,
            httpStatus: statuses[reason],
            path: 'run',
            reason,
            issues: [{ field: 'text', message: 'is odd' }],
            retryAfterSeconds: 7,
            requestId: 'req_of_this_test',
          },
        },
      },
    },
  })
})

const secret = 'postgres://loqui:hunter2@10.0.0.7/loqui'

const surprises: [string, () => unknown][] = [
  ['an error', () => new Error(secret)],
  ['an error with a cause', () => new Error('outer', { cause: new Error(secret) })],
  ['a type error', () => new TypeError(`Cannot read properties of undefined (reading '${secret}')`)],
  ['an aggregate', () => new AggregateError([new Error(secret)], secret)],
  ['an error of tRPC with a cause', () => new TRPCError({ code: 'BAD_REQUEST', cause: new Error(secret) })],
  ['an error of tRPC that nobody planned', () => new TRPCError({ code: 'CONFLICT', message: secret })],
  ['a string', () => secret],
  ['an object', () => ({ message: secret, stack: secret })],
  ['nothing', () => undefined],
]

test.each(surprises)('%s that nobody expected says nothing but the id of its request', async (_name, thrown) => {
  const { status, text, logged } = await call(() => {
    throw thrown()
  })
  expect(status).toBe(500)
  expect(JSON.parse(text).error.json).toMatchObject({
    message: 'Something went wrong on our side. It is noted under req_of_this_test.',
    data: { reason: 'internal', issues: [], requestId: 'req_of_this_test' },
  })
  expect(text).not.toContain('hunter2')
  expect(text).not.toMatch(/stack|\.ts|at file|node_modules/)
  expect(logged).toHaveLength(1)
  expect(logged[0]).toMatchObject({ requestId: 'req_of_this_test', path: 'run' })
})

test('what was unexpected is in the log with its cause', async () => {
  const thrown = new Error('outer', { cause: new Error('inner') })
  const { logged } = await call(() => {
    throw thrown
  })
  expect(logged[0]?.error).toBe(thrown)
})

test('an expected refusal is no alarm', async () => {
  const { logged } = await call(() => {
    throw new Refusal('quota_exceeded', 'Nothing is left.')
  })
  expect(logged).toEqual([])
})

test.each([
  ['a lock that took too long', { code: '55P03' }],
  ['a statement that took too long', { code: '57014' }],
  ['a server that goes down', { code: '57P01' }],
  ['a server that comes up', { code: '57P03' }],
  ['a refused connection', { code: 'ECONNREFUSED' }],
  ['a pool without a free connection', { message: 'timeout exceeded when trying to connect' }],
  ['a half-open connection', { message: 'Query read timeout' }],
  ['a connection that ended', { message: 'Connection terminated unexpectedly' }],
  ['a connection that ended before', { message: 'Client has encountered a connection error and is not queryable' }],
  ['a connection that ends while it is written to', { code: 'EPIPE' }],
  ['a deadlock', { code: '40P01' }],
])('%s asks for patience instead of admitting a fault', async (_name, properties) => {
  const { status, body, text } = await call(() => {
    throw Object.assign(new Error('10.0.0.7'), properties)
  })
  expect(status).toBe(503)
  expect(body.error.json.data).toMatchObject({ reason: 'service_unavailable', retryAfterSeconds: 1 })
  expect(text).not.toContain('10.0.0.7')
})

test('input that does not fit names each field and what it takes', async () => {
  const { status, body } = await call(() => 'unreachable', { name: 3, settings: { speed: 9 }, extra: true })
  expect(status).toBe(400)
  expect(body.error.json).toMatchObject({
    message: expect.stringMatching(/name: .*; settings\.speed: /),
    data: {
      reason: 'invalid_input',
      issues: [
        { field: 'name', message: expect.stringContaining('string') },
        { field: 'settings.speed', message: expect.stringContaining('4') },
        { field: 'input', message: expect.stringContaining('extra') },
      ],
    },
  })
})

test('input that is missing as a whole is named too', async () => {
  const { status, body } = await call(() => 'unreachable', null)
  expect(status).toBe(400)
  expect(body.error.json.data).toMatchObject({ reason: 'invalid_input', issues: [{ field: 'input' }] })
})

const accepted = z.strictObject({
  name: z.string(),
  settings: z.strictObject({ speed: z.number().max(4) }),
})

/** One call over HTTP to a procedure that does what it is told. */
async function call(run: () => unknown, input: unknown = { name: 'a', settings: { speed: 1 } }) {
  const logged: { error?: unknown }[] = []
  const log = { info: () => undefined, warn: () => undefined, error: (details: object) => void logged.push(details) }
  const response = await fetchRequestHandler({
    endpoint: '/trpc',
    router: router({ run: publicProcedure.input(accepted).mutation(run) }),
    req: new Request('http://loqui/trpc/run', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ json: input }),
    }),
    // Of a request's whole context, errors need these.
    createContext: () =>
      ({
        ...{ requestId: 'req_of_this_test', log, inTurn: (call) => call() },
        ...{ admitAnyone: () => undefined, showLimits: () => undefined },
      }) as Partial<RequestContext> as RequestContext,
  })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text), logged }
}
