import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type ConnectionLimits, createConnections, fixedLimits } from './connections.ts'
import { guardSocket } from './socket-guard.ts'
import { client, eventually, startLoqui, type TestUser } from './testing.ts'

const perUser = 3
const perAddress = 5
const loqui = await startLoqui({
  workers: 0,
  env: {
    TRUSTED_PROXIES: 'loopback',
    SOCKETS_PER_USER: String(perUser),
    CONNECTIONS_PER_ADDRESS: String(perAddress),
  },
})

interface Answer {
  id: unknown
  result?: { type: string }
  error?: { json: { data: { reason: string; retryAfterSeconds: number | null } } }
}

let addresses = 0
/** One that nobody else comes from. */
const newAddress = () => `10.1.0.${++addresses}`

const asKey = ({ key }: Pick<TestUser, 'key'>) => ({ authorization: `Bearer ${key}` })

async function open(headers: Record<string, string>, address = newAddress(), url = loqui.url) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, {
    headers: { 'x-forwarded-for': address, ...headers },
  })
  onTestFinished(() => socket.terminate())
  const answers: Answer[] = []
  socket.on('message', (data) => /^[[{]/.test(String(data)) && answers.push(JSON.parse(String(data))))
  const closed = once(socket, 'close').then(([code, reason]: unknown[]) => ({ code, reason: String(reason) }))
  await once(socket, 'open')
  return { socket, answers, closed, say: (message: unknown) => socket.send(JSON.stringify(message)) }
}

/** The status with which an upgrade is refused. */
async function refused(headers: Record<string, string>): Promise<{ status: number | undefined; wait: unknown }> {
  const socket = new WebSocket(`${loqui.url.replace('http', 'ws')}/trpc`, { headers })
  const [, response] = await once(socket, 'unexpected-response')
  socket.on('error', () => undefined)
  socket.terminate()
  return { status: response.statusCode, wait: response.headers['retry-after'] }
}

const subscribe = (id: number) => ({ id, method: 'subscription', params: { path: 'events', input: { json: {} } } })
const started = ({ answers }: { readonly answers: Answer[] }) =>
  answers.filter(({ result }) => result?.type === 'started').length

/** Subscribes as server-sent events; the response stays open. */
async function stream(headers: Record<string, string>, address = newAddress(), url = loqui.url) {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  return fetch(`${url}/trpc/events`, {
    headers: { accept: 'text/event-stream', 'x-forwarded-for': address, ...headers },
    signal: stop.signal,
  })
}

test('of one account so many sockets are open at a time; one more is told why, and to come back later', async () => {
  const user = await loqui.user()
  const sockets = [await open(asKey(user)), await open(asKey(user)), await open(asKey(user))]
  for (const socket of sockets) socket.say(subscribe(1))
  await eventually(() => sockets.map(started)).toEqual([1, 1, 1])
  const beyond = await open(asKey(user))
  expect(await beyond.closed).toEqual({ code: 4429, reason: 'concurrency_limited' })
  // Without an id it is the connection that is refused, which tRPC's client comes back to more and more slowly.
  expect(beyond.answers).toMatchObject([
    { id: null, error: { json: { data: { reason: 'concurrency_limited', retryAfterSeconds: 5 } } } },
  ])
  expect((await open(asKey(await loqui.user()))).socket.readyState).toBe(WebSocket.OPEN)
  sockets[0]?.socket.close()
  await sockets[0]?.closed
  await eventually(async () => {
    const next = await open(asKey(user))
    next.say(subscribe(1))
    await eventually(() => next.answers.length).toBeGreaterThan(0)
    return started(next)
  }).toBe(1)
})

test('from one address so many connections are open at a time, sockets and streams together', async () => {
  const address = newAddress()
  const users = await Promise.all([loqui.user(), loqui.user()])
  for (let opened = 0; opened < perAddress - 1; opened++) await open({}, address)
  const [user] = users
  if (!user) throw new Error('there is none')
  expect((await stream(asKey(user), address)).status).toBe(200)
  expect(await refused({ 'x-forwarded-for': address })).toEqual({ status: 429, wait: '5' })
  expect(await (await stream(asKey(user), address)).text()).toContain('concurrency_limited')
  expect((await stream(asKey(user))).status).toBe(200)
})

test('over one socket so much is subscribed to at a time', async () => {
  const socket = await open(asKey(await loqui.user()))
  const most = fixedLimits.subscriptionsPerSocket
  for (let first = 0; first < most; first += 20) {
    socket.say(Array.from({ length: 20 }, (_, index) => subscribe(first + index)))
  }
  await eventually(() => started(socket)).toBe(most)
  socket.say(subscribe(most))
  await eventually(() => socket.answers.find(({ id }) => id === most)?.error?.json.data.reason).toBe(
    'concurrency_limited',
  )
  socket.say({ id: 0, method: 'subscription.stop' })
  await eventually(() => socket.answers.filter(({ result }) => result?.type === 'stopped').length).toBe(1)
  socket.say(subscribe(most + 1))
  await eventually(() => started(socket)).toBe(most + 1)
})

test('who sends message after message is shut out', async () => {
  const socket = await open({})
  for (let sent = 0; sent <= fixedLimits.messagesPerMinute; sent++) socket.socket.send('PING')
  expect(await socket.closed).toMatchObject({ code: 4429 })
})

test('a page of another origin gets no socket, whatever cookie it has', async () => {
  const { email, password } = await loqui.user()
  const { token } = await client(loqui.url).auth.login.mutate({ email, password })
  const cookie = `loqui=${token}`
  expect(await refused({ cookie, origin: 'https://evil.example' })).toMatchObject({ status: 403 })
  expect(await refused({ cookie, origin: `${loqui.url}.evil.example` })).toMatchObject({ status: 403 })
  expect(await refused({ cookie, origin: 'null' })).toMatchObject({ status: 403 })
  expect((await open({ cookie, origin: loqui.url })).socket.readyState).toBe(WebSocket.OPEN)
})

const endings: [string, string, (user: TestUser) => Promise<unknown>][] = [
  ['is revoked', 'api_key_revoked', (user) => client(loqui.url, user).keys.revoke.mutate({ id: user.keyId })],
  [
    'belongs to an account that is disabled',
    'account_disabled',
    async (user) => {
      const admin = await loqui.user({ role: 'admin' })
      await client(loqui.url, admin).admin.users.update.mutate({ id: user.id, disabled: true })
    },
  ],
]

test.each(endings)('the sockets and streams of a key that %s end within a second', async (_what, reason, end) => {
  const user = await loqui.user()
  const [idle, busy, sse] = [await open(asKey(user)), await open(asKey(user)), await stream(asKey(user))]
  busy.say(subscribe(1))
  await eventually(() => started(busy)).toBe(1)
  await end(user)
  const from = performance.now()
  expect(await busy.closed).toEqual({ code: 4401, reason })
  expect(await idle.closed).toEqual({ code: 4401, reason })
  expect(await sse.text()).toContain(reason)
  expect(performance.now() - from).toBeLessThan(1_000)
  expect(busy.answers.find(({ error }) => error)?.error?.json.data.reason).toBe(reason)
})

test('a key that expires takes its sockets and streams along', async () => {
  const user = await loqui.user()
  await sql`update api_key set expires_at = now() + interval '3 seconds' where id = ${user.keyId.slice(4)}`.execute(
    loqui.db,
  )
  const [socket, sse] = [await open(asKey(user)), await stream(asKey(user))]
  expect(await socket.closed).toEqual({ code: 4401, reason: 'api_key_expired' })
  expect(await sse.text()).toContain('api_key_expired')
})

test('who comes with credentials that do not hold is told so, and not kept', async () => {
  const socket = await open({ authorization: 'Bearer loqui_live_wrong' })
  socket.say(subscribe(1))
  await eventually(() => socket.answers.find(({ id }) => id === 1)?.error?.json.data.reason).toBe('api_key_malformed')
  expect(await socket.closed).toEqual({ code: 4401, reason: 'api_key_malformed' })
})

test('a server that is told to stop sends all its clients elsewhere', async () => {
  const server = await loqui.startServer()
  const user = await loqui.user()
  const [socket, sse] = [
    await open(asKey(user), newAddress(), server.url),
    await stream(asKey(user), newAddress(), server.url),
  ]
  const broken = sse.text().catch((error: unknown) => error)
  expect(await server.end('SIGTERM')).toBe(0)
  expect(await socket.closed).toMatchObject({ code: 1012 })
  // A stream that ended as if it were over would not be taken up again.
  expect(await broken).toBeInstanceOf(Error)
})

/** A server that holds its sockets to limits of the test's. */
async function guardedServer(limits: Partial<ConnectionLimits>) {
  const connections = createConnections({ ...fixedLimits, socketsPerUser: 9, connectionsPerAddress: 9, ...limits })
  const wss = new WebSocketServer({ noServer: true })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    connections.close()
    server.close()
  })
  const sockets: WebSocket[] = []
  server.on('upgrade', (req, socket, head) =>
    wss.handleUpgrade(req, socket, head, (ws) => {
      guardSocket(connections, ws, req.socket, { needsParameters: false })
      sockets.push(ws)
    }),
  )
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, sockets }
}

test('a client that takes nothing of what is sent is dropped, and one that does is not', async () => {
  const { port, sockets } = await guardedServer({ stalledMs: 2_000 })
  const dead: Socket = connect(port, '127.0.0.1')
  onTestFinished(() => void dead.destroy())
  dead.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  dead.pause()
  await eventually(() => sockets.length).toBe(1)
  const living = new WebSocket(`ws://127.0.0.1:${port}`)
  onTestFinished(() => living.terminate())
  await eventually(() => sockets.length).toBe(2)
  const [first, second] = sockets
  // More than the system takes off our hands.
  for (let sent = 0; sent < 256; sent++) for (const ws of sockets) ws.send('x'.repeat(64 << 10))
  await eventually(() => first?.readyState).toBe(WebSocket.CLOSED)
  expect(second?.readyState).toBe(WebSocket.OPEN)
})
