import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { AppRouter } from '@loqui/api/router'
import { publicProcedure, router } from '@loqui/api/trpc'
import type { Services } from '@loqui/core/context'
import { Refusal } from '@loqui/core/errors'
import { createLimits } from '@loqui/core/limits/limits'
import { createTRPCClient, httpBatchLink, httpLink } from '@trpc/client'
import superjson from 'superjson'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createConnections, fixedLimits } from './connections.ts'
import { createHttp } from './http.ts'
import { createContextOf } from './http-context.ts'
import { createRpcDoor } from './rpc.ts'
import { refusal, startLoqui } from './testing.ts'

const loqui = await startLoqui({ workers: 0 })
const { host, port } = new URL(loqui.url)
const json = { 'content-type': 'application/json' }
const foreign = { origin: 'https://evil.example', cookie: 'loqui=stolen' }
const post = (target: string, headers: Record<string, string>, body = '{}') =>
  fetch(`${loqui.url}/trpc${target}`, { method: 'POST', headers, body: Buffer.from(body) })

const refusals: [string, () => Promise<Response>, number, string, RegExp][] = [
  ['a foreign page', () => post('/auth.logout', { ...json, ...foreign }), 403, 'origin_forbidden', /evil\.example/],
  ['a form', () => post('/auth.logout', { 'content-type': 'text/plain' }), 400, 'invalid_input', /application\/json/],
  ['no type', () => post('/auth.logout', {}), 400, 'invalid_input', /application\/json/],
  [
    'a stream',
    () => post('/auth.logout', { ...json, accept: 'application/jsonl' }),
    400,
    'invalid_input',
    /as a whole/,
  ],
  ['a large body', () => post('/auth.login', json, ' '.repeat(100_000)), 413, 'payload_too_large', /too large/],
]

test.each(refusals)('%s is refused as any call is', async (_what, send, httpStatus, reason, message) => {
  const response = await send()
  expect(response.status).toBe(httpStatus)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    vary: 'trpc-accept, accept, Origin',
  })
  const answer = await response.json()
  expect(answer).toEqual({
    error: {
      json: {
        message: expect.stringMatching(message),
        code: expect.any(Number),
        data: {
          code: expect.stringMatching(/^[A-Z_]+$/),
          httpStatus,
          path: new URL(response.url).pathname.replace('/trpc/', ''),
          reason,
          issues: [],
          retryAfterSeconds: null,
          requestId: response.headers.get('x-request-id'),
        },
      },
    },
  })
})

test('a batch is refused call by call', async () => {
  const response = await post('/auth.logout,keys.create?batch=1', { ...json, ...foreign })
  expect(response.status).toBe(403)
  const answer = await response.json()
  expect(answer.map(({ error }: { error: { json: { data: object } } }) => error.json.data)).toMatchObject([
    { path: 'auth.logout', reason: 'origin_forbidden' },
    { path: 'keys.create', reason: 'origin_forbidden' },
  ])
})

test.each([
  ['too large', `/${Array(21).fill('auth.logout').join()}?batch=1`],
  ['malformed', '/%E0%A4%A,auth.logout?batch=1'],
])('a batch that is %s is refused as a whole, for whatever reason', async (_what, target) => {
  for (const [headers, reason] of [
    [json, 'invalid_input'],
    [{ ...json, ...foreign }, 'origin_forbidden'],
  ] as const) {
    const response = await post(target, headers)
    const { data } = (await response.json()).error.json
    expect(data).toMatchObject({ reason, requestId: response.headers.get('x-request-id') })
    expect(data.path).toBeUndefined()
  }
})

test.each([
  ['alone', httpLink],
  ['in a batch', httpBatchLink],
])('a client learns why it was refused %s', async (_how, link) => {
  const api = createTRPCClient<AppRouter>({
    links: [link({ url: `${loqui.url}/trpc`, transformer: superjson, headers: foreign })],
  })
  const calls = [api.auth.logout.mutate(), api.auth.login.mutate({ email: 'a@example.com', password: 'guess' })]
  for (const call of calls) expect(await refusal(call)).toMatchObject({ reason: 'origin_forbidden', status: 403 })
})

/** Sent as it is: a client would have made it decent. */
async function send(request: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${request}\r\nConnection: close\r\n\r\n`)
  return text(socket)
}

test.each([
  ['a path in capitals', `GET /TRPC/plans.list HTTP/1.1\r\nHost: ${host}`, 200, 'unlimited'],
  ['a whole URL', `GET http://${host}/trpc/plans.list HTTP/1.1\r\nHost: ${host}`, 200, 'unlimited'],
  ['a longer path', `GET /trpc/a/b/plans.list HTTP/1.1\r\nHost: ${host}`, 200, 'unlimited'],
  ['a host that is none', 'GET /trpc/plans.list HTTP/1.1\r\nHost: a b', 400, 'The Host header'],
  ['a POST without a body', `POST /trpc/auth.logout HTTP/1.1\r\nHost: ${host}`, 400, 'application/json'],
  ['a path that only begins so', `GET /trpcs/plans.list HTTP/1.1\r\nHost: ${host}\r\nAccept: a/b`, 404, 'problem+json'],
  ['a path with an escape', `GET /%74rpc/plans.list HTTP/1.1\r\nHost: ${host}\r\nAccept: a/b`, 404, 'problem+json'],
  ['the head of an answer', `HEAD /trpc/plans.list HTTP/1.1\r\nHost: ${host}`, 204, 'x-request-id'],
])('%s is answered', async (_what, request, status, part) => {
  const answer = await send(request)
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer.includes(part), answer).toBe(true)
})

test('as long as logins are too many, the answer says when to come back, in a header too', async () => {
  // One person may try as often as each does here, and no oftener.
  const people = await Promise.all(Array.from({ length: 4 }, () => loqui.user()))
  const logins = people.map(({ email, password }) => JSON.stringify({ json: { email, password } }))
  const batch = `/${Array(20).fill('auth.login').join()}?batch=1`
  const responses = await Promise.all(
    logins.flatMap((login, person) =>
      person === 3
        ? Array.from({ length: 30 }, () => post('/auth.login', json, login))
        : [post(batch, json, `{${Array.from({ length: 20 }, (_, index) => `"${index}":${login}`).join()}}`)],
    ),
  )
  const refused = responses.filter(({ status }) => status !== 200)
  expect(refused.map(({ status }) => status)).toEqual(expect.arrayContaining([503, 207]))
  for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1')
  for (const response of responses) if (response.status === 200) expect(response.headers.get('retry-after')).toBeNull()
})

const limited = router({
  limit: publicProcedure
    .input(z.number())
    .query(({ ctx, input }) => ctx.showLimits([{ policy: 'requests', quota: 9, remaining: input, growsInSeconds: 1 }])),
  refused: publicProcedure.input(z.number()).query(({ input }) => {
    throw new Refusal('quota_exceeded', 'Enough.', { retryAfterSeconds: input })
  }),
  late: publicProcedure.subscription(async function* ({ ctx }) {
    yield 1
    ctx.showLimits([{ policy: 'requests', quota: 9, remaining: 1, growsInSeconds: 1 }])
  }),
})
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
// The procedures above use nothing else of them.
const services = { log, limits: createLimits(log) } as Partial<Services> as Services
const publicUrl = new URL('http://localhost:3000')
const origins = [publicUrl.origin]
const connections = createConnections({ ...fixedLimits, socketsPerUser: 1, connectionsPerAddress: 10 })
const contextOf = createContextOf(services, { publicUrl, trustedProxies: [], connections })
const limitedUrl = await listen(createRpcDoor({ publicUrl, origins, contextOf, log: services.log, router: limited }))

async function listen(listener: (req: IncomingMessage, res: ServerResponse) => unknown): Promise<string> {
  const server = createServer((req, res) => void listener(req, res)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}/trpc`
}

const input = (value: unknown) => `input=${encodeURIComponent(JSON.stringify(value))}`

test('a call says what it left of its limits, and a batch the least', async () => {
  const alone = await fetch(`${limitedUrl}/limit?${input({ json: 3 })}`)
  expect(alone.headers.get('ratelimit')).toMatch(/"requests";r=3;t=1$/)
  const batch = await fetch(`${limitedUrl}/limit,limit?batch=1&${input({ 0: { json: 1 }, 1: { json: 2 } })}`)
  expect(batch.headers.get('ratelimit')).toMatch(/"requests";r=1;t=1$/)
})

test('a header that comes too late for a stream is left out', async () => {
  const response = await fetch(`${limitedUrl}/late`, { headers: { accept: 'text/event-stream' } })
  expect(await response.text()).toContain('event: return')
  expect(response.headers.get('ratelimit')).not.toContain('"requests"')
})

test.each([
  ['/refused', { json: 9 }, '9', 429],
  ['/refused,limit,refused?batch=1', { 0: { json: 5 }, 1: { json: 1 }, 2: { json: 70 } }, '70', 207],
])('%s is told to come back after the longest wait', async (target, value, seconds, status) => {
  const response = await fetch(`${limitedUrl}${target}${target.includes('?') ? '&' : '?'}${input(value)}`)
  expect(response.status).toBe(status)
  expect(response.headers.get('retry-after')).toBe(seconds)
})

test('a server that is about to stop closes the connection after each answer', async () => {
  let draining = false
  const studioDirectory = import.meta.dirname
  const ready = async () => true
  const url = await listen(
    createHttp(services, {
      ...{ publicUrl, origins, trustedProxies: [], connections, providers: {}, studioDirectory, ready },
      draining: () => draining,
    }),
  )
  expect((await fetch(`${url}/nothing`)).headers.get('connection')).toBe('keep-alive')
  draining = true
  expect((await fetch(`${url}/nothing`)).headers.get('connection')).toBe('close')
})
