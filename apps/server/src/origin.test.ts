import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startLoqui } from './testing.ts'

const loqui = await startLoqui({
  workers: 0,
  env: { ALLOWED_ORIGINS: 'https://good.example, https://better.example:8443' },
})
const password = 'correct horse battery staple'
let people = 0

const call = (procedure: string, input: unknown, headers: Record<string, string>) =>
  fetch(`${loqui.url}/trpc/${procedure}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ json: input }),
  })

const register = (headers: Record<string, string>) =>
  call('auth.register', { email: `visitor-${++people}@example.com`, password }, headers)

/** A cookie as a browser sends it, of a session that has just begun. */
async function signIn(): Promise<string> {
  const [cookie] = (await register({ origin: loqui.url })).headers.getSetCookie()
  return String(cookie?.split(';')[0])
}

const me = (headers: Record<string, string>) => fetch(`${loqui.url}/trpc/auth.me`, { headers })

const browsers: [string, Record<string, string>][] = [
  ['a page of ours', { origin: loqui.url }],
  ['a page of ours in a newer browser', { origin: loqui.url, 'sec-fetch-site': 'same-origin' }],
  ['a page on the list', { origin: 'https://good.example', 'sec-fetch-site': 'cross-site' }],
]

test.each(browsers)('%s gets its session as a cookie that no script can read', async (_name, headers) => {
  const response = await register(headers)
  expect(response.status).toBe(200)
  expect((await response.json()).result.data.json).toEqual({
    user: expect.objectContaining({ email: `visitor-${people}@example.com`, planId: 'free', role: 'user' }),
    token: null,
    expiresAt: expect.any(String),
  })
  const [cookie, ...others] = response.headers.getSetCookie()
  expect(others).toEqual([])
  expect(cookie).toMatch(/^loqui=[\w-]{20,}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/)
  expect((await me({ cookie: String(cookie?.split(';')[0]) })).status).toBe(200)
})

test('a script gets its session as a token', async () => {
  const response = await register({})
  const { token } = (await response.json()).result.data.json
  expect((await me({ authorization: `Bearer ${token}` })).status).toBe(200)
})

test('the database knows no session id, only its hash', async () => {
  const { token } = (await (await register({})).json()).result.data.json
  const rows = await loqui.db.selectFrom('session').selectAll().execute()
  expect(rows.length).toBeGreaterThan(0)
  expect(JSON.stringify(rows)).not.toContain(token)
  expect(rows.some((row) => row.id_hash.toString('latin1').includes(token))).toBe(false)
})

test('a login begins another session, whatever cookie came with it', async () => {
  const cookie = await signIn()
  const response = await call(
    'auth.login',
    { email: `visitor-${people}@example.com`, password },
    { cookie, origin: loqui.url },
  )
  const [next] = response.headers.getSetCookie()
  expect(next).toBeDefined()
  expect(next?.split(';')[0]).not.toBe(cookie)
})

test('after a logout neither the cookie nor its value as a token is of use', async () => {
  const cookie = await signIn()
  const response = await call('auth.logout', undefined, { cookie, origin: loqui.url })
  expect(response.status).toBe(200)
  expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^loqui=; Path=\/; Expires=Thu, 01 Jan 1970/)])
  for (const headers of [{ cookie }, { authorization: `Bearer ${cookie.replace('loqui=', '')}` }]) {
    const refused = await me(headers)
    expect(refused.status).toBe(401)
    expect((await refused.json()).error.json.data.reason).toBe('session_expired')
  }
})

test('a session that is used lives on, and its cookie is set again', async () => {
  const cookie = await signIn()
  expect((await me({ cookie })).headers.getSetCookie()).toEqual([])
  await loqui.db
    .updateTable('session')
    .set({ expires_at: new Date(Date.now() + 86_400_000) })
    .execute()
  const [renewed] = (await me({ cookie })).headers.getSetCookie()
  expect(renewed).toMatch(/HttpOnly; SameSite=Lax$/)
  expect(renewed?.split(';')[0]).toBe(cookie)
  const expires = Date.parse(String(/Expires=([^;]+)/.exec(String(renewed))?.[1]))
  expect(expires).toBeGreaterThan(Date.now() + 6 * 86_400_000)
})

test('an unknown address and a wrong password are answered alike', async () => {
  await register({})
  const wrong = await call('auth.login', { email: `visitor-${people}@example.com`, password: 'guess' }, {})
  const unknown = await call('auth.login', { email: 'nobody@example.com', password: 'guess' }, {})
  const answers = await Promise.all([wrong, unknown].map(async (response) => (await response.json()).error.json))
  for (const answer of answers) answer.data.requestId = 'any'
  expect(answers[0]).toEqual(answers[1])
  expect(answers[0].data).toMatchObject({ httpStatus: 401, reason: 'wrong_credentials' })
})

const ofOthers: [string, Record<string, string>][] = [
  ['another site', { origin: 'https://evil.example' }],
  ['a sandboxed frame or a file', { origin: 'null' }],
  ['a site whose name begins like a good one', { origin: 'https://good.example.evil' }],
  ['a site whose name ends like a good one', { origin: 'https://not-good.example' }],
  ['a site below a good one', { origin: 'https://www.good.example' }],
  ['a good site without encryption', { origin: 'http://good.example' }],
  ['another port of a good site', { origin: 'https://good.example:8443' }],
  ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
  ['a good site with a path', { origin: 'https://good.example/' }],
  ['two origins', { origin: 'https://good.example https://evil.example' }],
  ['an empty origin', { origin: '' }],
  ['another site that says only that', { 'sec-fetch-site': 'cross-site' }],
  ['a neighbour that says only that', { 'sec-fetch-site': 'same-site' }],
  ['whoever does not say', {}],
]

const bodies: [string, Record<string, string>, string][] = [
  ['JSON', { 'content-type': 'application/json' }, '{"json":{"name":"stolen"}}'],
  ['plain text', { 'content-type': 'text/plain' }, '{"json":{"name":"stolen"}}'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'json=%7B%7D&_method=POST'],
  [
    'an upload',
    { 'content-type': 'multipart/form-data; boundary=x' },
    '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nstolen\r\n--x--\r\n',
  ],
  ['bytes', { 'content-type': 'application/octet-stream' }, '{"json":{"name":"stolen"}}'],
  ['nothing', {}, ''],
]

const forgeries = ofOthers.flatMap(([who, origin]) =>
  bodies.map(([what, type, body]) => [who, what, { ...origin, ...type }, body] as const),
)

test.each(forgeries)('%s cannot send %s with a cookie', async (_who, _what, headers, body) => {
  const cookie = await theCookie
  for (const path of ['keys.create', 'auth.logout', 'keys.create?batch=1']) {
    const response = await fetch(`${loqui.url}/trpc/${path}`, { method: 'POST', headers: { cookie, ...headers }, body })
    expect(response.status, path).toBe(403)
    const answers = [await response.json()].flat()
    expect(answers).toHaveLength(1)
    expect(answers[0].error.json.data).toMatchObject({ httpStatus: 403, reason: 'origin_forbidden' })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  }
  expect(await loqui.db.selectFrom('api_key').select('id').where('name', '=', 'stolen').execute()).toEqual([])
  expect((await me({ cookie })).status).toBe(200)
})
const theCookie = signIn()

test.each(bodies.slice(1))('%s is no call, even of a page of ours', async (_name, type, body) => {
  const cookie = await theCookie
  for (const origin of [loqui.url, 'https://good.example']) {
    const response = await fetch(`${loqui.url}/trpc/auth.logout`, {
      method: 'POST',
      headers: { cookie, origin, ...type },
      body: Buffer.from(body),
    })
    expect(response.status).toBe(400)
    expect((await response.json()).error.json.data.reason).toBe('invalid_input')
  }
  expect((await me({ cookie })).status).toBe(200)
})

test('a page of another site may call with a key of its own: it has no more than it brings', async () => {
  const { key, email } = await loqui.user()
  const headers = { origin: 'https://evil.example', authorization: `Bearer ${key}` }
  const response = await call('keys.create', { name: 'mine' }, headers)
  expect(response.status).toBe(200)
  expect(response.headers.get('access-control-allow-origin')).toBeNull()
  expect((await (await me(headers)).json()).result.data.json.email).toBe(email)
})

test.each(['https://good.example', 'https://better.example:8443', loqui.url])('%s may ask and read', async (origin) => {
  const preflight = await fetch(`${loqui.url}/trpc/keys.create`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,idempotency-key',
    },
  })
  expect(preflight.status).toBe(204)
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': 'content-type,idempotency-key',
    'access-control-allow-methods': expect.stringContaining('POST'),
    vary: expect.stringContaining('Origin'),
  })
  const read = await me({ cookie: await theCookie, origin })
  expect(read.headers.get('access-control-allow-origin')).toBe(origin)
})

test.each(ofOthers.filter(([, { origin }]) => origin))('%s may not read', async (_who, headers) => {
  const preflight = await fetch(`${loqui.url}/trpc/keys.create`, {
    method: 'OPTIONS',
    headers: { ...headers, 'access-control-request-method': 'POST' },
  })
  expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  const read = await me({ cookie: await theCookie, ...headers })
  expect(read.headers.get('access-control-allow-origin')).toBeNull()
  expect(read.headers.get('vary')).toContain('Origin')
})

/** The status that answers an upgrade: 101 where the socket opens. */
async function upgrade(headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(`${loqui.url.replace('http', 'ws')}/trpc`, { headers })
  const opened = once(socket, 'open').then(() => 101)
  const refused = once(socket, 'unexpected-response').then(([, response]: IncomingMessage[]) => response?.statusCode)
  const status = await Promise.race([opened, refused])
  socket.on('error', () => undefined)
  socket.terminate()
  return status
}

test.each(ofOthers)('%s cannot open a socket with a cookie', async (_who, headers) => {
  expect(await upgrade({ cookie: await theCookie, ...headers })).toBe(403)
})

test.each([
  ['a page of ours', async () => ({ origin: loqui.url, cookie: await theCookie })],
  ['a page on the list', async () => ({ origin: 'https://good.example', cookie: await theCookie })],
  ['a script, which has no cookie,', async () => ({})],
])('%s can open a socket', async (_who, headers) => {
  expect(await upgrade(await headers())).toBe(101)
})
