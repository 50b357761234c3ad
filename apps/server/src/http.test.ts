import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { AppRouter } from '@loqui/api/router'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { client, refusal, startLoqui } from './testing.ts'

const loqui = await startLoqui({ workers: 0 })
const ada = await loqui.user()
const bearer = { authorization: `Bearer ${ada.key}` }
const json = { 'content-type': 'application/json' }

const get = (path: string, init?: RequestInit) => fetch(loqui.url + path, init)
const post = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(loqui.url + path, { method: 'POST', body, headers: { ...json, ...headers }, duplex: 'half' } as RequestInit)

test('the probes answer who lives and who is ready, and nothing more', async () => {
  for (const [path, status] of [
    ['/live', 'live'],
    ['/ready', 'ready'],
  ] as const) {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status })
  }
})

test('every answer carries the id of its request', async () => {
  for (const path of ['/live', '/', '/trpc/plans.list', '/trpc/nothing', '/api/v1/nothing', '/assets/nothing.js']) {
    expect((await get(path)).headers.get('x-request-id'), path).toMatch(/^req_[0-9a-f-]{36}$/)
  }
})

test('the id that a proxy in front gave is kept, in the header and in errors', async () => {
  const id = 'from.the-proxy_1'
  const response = await get('/trpc/auth.me', { headers: { 'x-request-id': id } })
  expect(response.headers.get('x-request-id')).toBe(id)
  expect((await response.json()).error.json.data.requestId).toBe(id)
})

test.each(['short', 'a'.repeat(129), 'with spaces in it', 'with"quotes"', '<script>alert(1)</script>'])(
  'a request id that could do harm is replaced: %s',
  async (id) => {
    const response = await get('/live', { headers: { 'x-request-id': id } })
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  },
)

test('several calls go in one batch, and each has its own answer', async () => {
  let requests = 0
  const batched = createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: `${loqui.url}/trpc`,
        transformer: superjson,
        headers: bearer,
        fetch: (url, init) => {
          requests++
          return fetch(url, init as RequestInit)
        },
      }),
    ],
  })
  const [me, voice, plans] = await Promise.all([
    batched.auth.me.query(),
    refusal(batched.voices.get.query({ id: 'voi_00000000-0000-7000-8000-000000000000' })),
    batched.plans.list.query(),
  ])
  expect(requests).toBe(1)
  expect(me.email).toBe(ada.email)
  expect(voice).toMatchObject({ reason: 'voice_not_found', status: 404 })
  expect(plans.map(({ id }) => id)).toContain('free')
})

test('a batch has at most 20 calls', async () => {
  const path = (calls: number) => `/trpc/${Array(calls).fill('plans.list').join(',')}?batch=1`
  expect((await get(path(20))).status).toBe(200)
  const refused = await get(path(21))
  expect(refused.status).toBe(400)
  expect((await refused.json()).error.json.data.reason).toBe('invalid_input')
})

test.each(['trpc-accept', 'accept'])(
  'a batch streamed by %s is refused before any of it is done: it has no headers left for a cookie',
  async (header) => {
    const email = 'streamed@example.com'
    const response = await post(
      '/trpc/auth.register?batch=1',
      JSON.stringify({ 0: { json: { email, password: 'long enough' } } }),
      { [header]: 'application/jsonl' },
    )
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('invalid_input')
    expect(await loqui.db.selectFrom('account').select('id').where('email', '=', email).execute()).toEqual([])
  },
)

/** A call whose body has exactly this many bytes, in one piece or chunked. */
function bodyOf(bytes: number, chunked: boolean): BodyInit {
  const call = Buffer.from('{"json":{"email":"a@example.com","password":"guess"}}'.padEnd(bytes))
  // Node's fetch sends a stream chunked, and types streams of the browser and of Node as strangers.
  return chunked ? (Readable.toWeb(Readable.from(pieces(call))) as unknown as BodyInit) : call
}

function* pieces(bytes: Buffer) {
  for (let start = 0; start < bytes.length; start += 1 << 16) yield bytes.subarray(start, start + (1 << 16))
}

test.each([
  ['64 KiB', 'anyone', 64 << 10, {}],
  ['13 MiB', 'who has a key', 13 << 20, bearer],
])('%s of body are taken of %s, and not a byte more', async (_size, _who, most, headers) => {
  for (const chunked of [false, true]) {
    const taken = await post('/trpc/auth.login', bodyOf(most, chunked), headers)
    expect(taken.status).toBe(401)
    expect((await taken.json()).error.json.data.reason).toBe('wrong_credentials')
    const refused = await post('/trpc/auth.login', bodyOf(most + 1, chunked), headers)
    expect(refused.status).toBe(413)
    expect((await refused.json()).error.json).toMatchObject({
      message: 'The body of the request is too large.',
      data: { reason: 'payload_too_large', httpStatus: 413 },
    })
  }
})

test('a key that is none gives no right to a large body', async () => {
  const wrong = { authorization: `Bearer ${ada.key.slice(0, -1)}!` }
  expect((await post('/trpc/auth.login', bodyOf(1 << 20, false), wrong)).status).toBe(413)
})

test.each([
  ['no JSON', '{'],
  ['half a JSON', '{"json":{"email":"a@'],
  ['JSON of another shape', '[]'],
  ['a bare string', '"json"'],
  ['a bare null', 'null'],
  ['a number', '7'],
  ['nothing', ''],
  ['a lie of the transformer', '{"json":{"email":1},"meta":{"values":{"email":["Date"]}}}'],
  ['an unknown transformation', '{"json":{"email":1},"meta":{"values":{"email":["nothing"]}}}'],
  ['a custom transformation', '{"json":{"email":1},"meta":{"values":{"email":[["custom","nothing"]]}}}'],
  ['meta that is no object', '{"json":{},"meta":7}'],
  ['paths into nothing', '{"json":{},"meta":{"values":{"a.b.c":["Date"]}}}'],
])('a body that is %s gets a reason, not an accident', async (_name, body) => {
  const response = await post('/trpc/auth.login', body)
  expect(response.status).toBe(400)
  const { message, data } = (await response.json()).error.json
  expect(data).toMatchObject({ reason: 'invalid_input', httpStatus: 400, requestId: expect.stringMatching(/^req_/) })
  expect(message).not.toMatch(/node_modules|\.ts|position|destructure|annotation/)
})

test.each(['__proto__', 'constructor', 'prototype'])('a body cannot reach %s', async (name) => {
  const bodies = [
    `{"json":{"email":"a@example.com","password":"x","${name}":{"polluted":true}}}`,
    `{"json":{"email":"a@example.com","password":"x"},"meta":{"values":{"${name}.polluted":["Date"]}}}`,
    `{"json":{"email":"a@example.com","password":"x"},"meta":{"referentialEqualities":{"email":["${name}.polluted"]}}}`,
  ]
  for (const body of bodies) {
    const response = await post('/trpc/auth.login', body)
    expect(response.status, body).toBeGreaterThanOrEqual(400)
    expect(response.status, body).toBeLessThan(500)
  }
  expect((await get('/live')).status).toBe(200)
})

test('JSON nested ten thousand deep is refused', async () => {
  const deep = '['.repeat(10_000) + ']'.repeat(10_000)
  const response = await post('/trpc/auth.login', `{"json":{"email":${deep},"password":"x"}}`)
  expect(response.status).toBe(400)
})

test.each([
  '/trpc/nothing',
  '/trpc/generations',
  '/trpc/generations.create.text',
  '/trpc/toString',
  '/trpc/__proto__',
  '/trpc/constructor',
  '/trpc/then',
  '/trpc/',
  '/trpc',
])('%s is no procedure', async (path) => {
  const response = await get(path)
  expect(response.status).toBe(404)
  expect((await response.json()).error.json.data).toMatchObject({ reason: 'not_found', httpStatus: 404 })
})

test('a mutation cannot be called with GET', async () => {
  const got = await get(`/trpc/auth.logout`, { headers: bearer })
  expect(got.status).toBe(405)
  expect((await got.json()).error.json.data.reason).toBe('invalid_input')
})

test('a query can be called with POST, for what is too long for a URL', async () => {
  const { items: voices } = await client(loqui.url, ada).voices.list.query()
  const long = 'A sentence that is said again and again. '.repeat(2_000)
  const input = JSON.stringify({ json: { text: long, voiceId: voices[0]?.id } })
  const posted = await post('/trpc/generations.estimate', input, bearer)
  expect(posted.status).toBe(200)
  expect((await posted.json()).result.data.json).toMatchObject({ characters: long.length, fits: true })
})

test.each(['PUT', 'PATCH', 'DELETE'])('%s does nothing', async (method) => {
  const response = await get('/trpc/auth.logout', { method, headers: { ...bearer, ...json }, body: '{}' })
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(response.status).toBeLessThan(500)
})

test.each([
  ['/api/v1/nothing', 404, 'not_found'],
  ['/api/v1/generations/gen_1/audio', 401, 'unauthenticated'],
  ['/assets/nothing.js', 404, 'not_found'],
  ['/assets/..%2f..%2fpackage.json', 404, 'not_found'],
  ['/assets/%00', 400, 'invalid_input'],
  ['/%E0%A4%A', 400, 'invalid_input'],
  ['/api/v1/generations/%E0%A4%A/audio', 400, 'invalid_input'],
])('%s is answered as a problem with its reason', async (path, status, reason) => {
  const response = await get(path, { headers: { accept: 'application/json' } })
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status,
    detail: expect.stringMatching(/\.$/),
    reason,
    issues: [],
    requestId: response.headers.get('x-request-id'),
  })
})

test.each([
  '/../package.json',
  '/..%2fpackage.json',
  '/..%2f..%2f..%2fpackage.json',
  '/assets/../../package.json',
  '/assets/..%2f..%2f..%2f..%2fetc/passwd',
  '/%2e%2e/%2e%2e/package.json',
  '/..\\..\\package.json',
  '//etc/passwd',
  '/.env',
  '/src/main.tsx',
])('%s leads to no file that is not served', async (target) => {
  const socket = connect(Number(new URL(loqui.url).port), '127.0.0.1')
  await once(socket, 'connect')
  // As it is: a client would have tidied up the path.
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/plain\r\n\r\n`)
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 40[04] .*"reason":"(not_found|invalid_input)"/s)
})

test('more logins at once than can be checked are told to come back', async () => {
  // Each of whom may try thirty times a minute.
  const people = await Promise.all(Array.from({ length: 3 }, () => loqui.user()))
  const outcomes = await Promise.allSettled(
    people.flatMap(({ email, password }) =>
      Array.from({ length: 20 }, () => client(loqui.url).auth.login.mutate({ email, password })),
    ),
  )
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(18)
  expect(refused.length).toBeGreaterThan(0)
  for (const { reason } of refused) {
    expect(reason.data).toMatchObject({ reason: 'busy', httpStatus: 503, retryAfterSeconds: 1 })
  }
})

test.each(['/trpc/plans.list', '/trpc/nothing', '/api/v1/nothing'])('nobody may keep a copy of %s', async (path) => {
  expect((await get(path)).headers.get('cache-control')).toBe('no-store')
})

test.each(['/trpc/plans.list', '/api/v1/nothing', '/'])('%s has the headers that keep browsers safe', async (path) => {
  const { headers } = await get(path)
  const { host } = new URL(loqui.url)
  const ofTheAnswer =
    /^(content-(type|length|encoding)|transfer-encoding|date|ratelimit(-policy)?|last-modified|accept-ranges|connection|keep-alive|x-request-id|vary|cache-control)$/
  expect(Object.fromEntries([...headers].filter(([name]) => !ofTheAnswer.test(name)))).toEqual({
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-request-id,retry-after,ratelimit,ratelimit-policy,content-range',
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "font-src 'self'",
      "img-src 'self' data:",
      "media-src 'self' blob:",
      `connect-src 'self' ws://${host}`,
      "manifest-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join(';'),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'x-download-options': 'noopen',
    'x-frame-options': 'DENY',
    'x-permitted-cross-domain-policies': 'none',
    'x-xss-protection': '0',
  })
})

test('over https the answer is to be asked for over https only, and the cookie cannot be set by others', async () => {
  const server = await loqui.startServer({ PUBLIC_URL: 'https://voice.example.com' })
  const plain = await fetch(`${server.url}/trpc/plans.list`)
  expect(plain.headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
  expect(plain.headers.get('content-security-policy')).toContain("connect-src 'self' wss://voice.example.com")
  const registered = await fetch(`${server.url}/trpc/auth.register`, {
    method: 'POST',
    headers: { ...json, origin: 'https://voice.example.com' },
    body: JSON.stringify({ json: { email: 'https@example.com', password: 'long enough' } }),
  })
  expect(registered.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-loqui=[\w-]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/),
  ])
  await server.end('SIGTERM')
})

test('a header as large as a client likes is refused by the server, which lives on', async () => {
  const response = await get('/live', { headers: { 'x-large': 'a'.repeat(100_000) } })
  expect(response.status).toBe(431)
  expect((await client(loqui.url).plans.list.query()).length).toBeGreaterThan(0)
})
