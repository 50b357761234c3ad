import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { client, eventually, startLoqui, type TestProcess, type TestUser } from './testing.ts'
import type { Held } from './testing-held.ts'

const loqui = await startLoqui({ servers: 0, workers: 0 })
const main = await loqui.startServer()
const ada = await loqui.user()
const [voice] = (await client(loqui.url, ada).voices.list.query()).items

/** A socket as a program that means no good holds it: every frame by hand. */
async function open(
  query = '',
  headers: Record<string, string> = { authorization: `Bearer ${ada.key}` },
  url = loqui.url,
) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc${query}`, { headers })
  const answers: Answer[] = []
  socket.on('message', (data) => !/^P[IO]NG$/.test(String(data)) && answers.push(JSON.parse(String(data))))
  const closed = once(socket, 'close').then(([code]: number[]) => code)
  await once(socket, 'open')
  return {
    socket,
    answers,
    /** The code it was closed with. */
    closed,
    say: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    /** The answers to a call, once there is one. */
    answersTo: async (id: unknown) => {
      await eventually(() => answers.filter((answer) => answer.id === id).length).toBeGreaterThan(0)
      return answers.filter((answer) => answer.id === id)
    },
  }
}

interface Answer {
  id: unknown
  result?: { type: string; id?: string; data: { json: unknown } }
  error?: { json: { message: string; data: { reason: string; code: string } } }
}

const query = (id: unknown, path = 'plans.list', input: unknown = undefined) => ({
  id,
  method: 'query',
  params: { path, input: { json: input ?? null } },
})

/** Asks for the events of all time. */
const everything = { id: 1, method: 'subscription', params: { path: 'events', input: { json: { lastEventId: '0' } } } }

/** Sends bytes as they are, and answers the status line that comes back. */
async function raw(request: string): Promise<string> {
  const socket = connect(Number(new URL(loqui.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(request)
  const answer = await text(socket)
  return answer.slice(0, answer.indexOf('\r\n'))
}

const upgrade = (target: string, host = 'localhost') =>
  [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n')

test.each([
  ['/', 'localhost', 404],
  ['/trpc/', 'localhost', 404],
  ['/socket', 'localhost', 404],
  ['//', 'localhost', 400],
  ['//[', 'localhost', 400],
  ['/trpc', '[', 400],
  ['/trpc', 'a b', 400],
  ['http://[/trpc', 'localhost', 400],
])('an upgrade to %s at %s is refused and does the server no harm', async (target, host, status) => {
  expect(await raw(upgrade(target, host))).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect((await fetch(`${loqui.url}/live`)).status).toBe(200)
})

test('a refused client that does not close its side, and sends on, is let go', async () => {
  const socket = connect({ port: Number(new URL(loqui.url).port), host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  socket.write(`${upgrade('/nowhere')}junk`)
  socket.resume()
  await once(socket, 'end')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  // What is written to a socket that nobody holds any more resets it.
  const writing = setInterval(() => socket.write('junk'), 10)
  await closed
  clearInterval(writing)
})

test('a refused client that resets its connection does the server no harm', async () => {
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connect(Number(new URL(loqui.url).port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(upgrade('/nowhere'), () => socket.resetAndDestroy())
      await once(socket, 'close')
    }),
  )
  expect((await fetch(`${loqui.url}/live`)).status).toBe(200)
})

test('who promises connection parameters and sends none is not waited for longer than five seconds', async () => {
  const [silent, chatty] = await Promise.all([open('?connectionParams=1'), open('?connectionParams=1')])
  const from = performance.now()
  chatty.say('PING')
  expect(await Promise.all([silent.closed, chatty.closed])).toEqual([4401, 4401])
  expect(performance.now() - from).toBeGreaterThan(4_000)
  expect(performance.now() - from).toBeLessThan(7_000)
})

test('who sends them stays', async () => {
  const socket = await open('?connectionParams=1', {})
  socket.say({ method: 'connectionParams', data: { token: ada.key } })
  socket.say(query(1, 'auth.me'))
  expect((await socket.answersTo(1))[0]?.result?.data.json).toMatchObject({ email: ada.email })
  socket.socket.terminate()
})

test.each([
  ['no JSON', 'token'],
  ['nothing in it', '{}'],
  ['a token that is no text', '{"method":"connectionParams","data":{"token":7}}'],
  ['a list', '{"method":"connectionParams","data":["token"]}'],
])('connection parameters that are %s end in a refusal', async (_name, message) => {
  const socket = await open('?connectionParams=1', {})
  socket.say(message)
  socket.say(query(1, 'auth.me'))
  const ended = await Promise.race([
    socket.closed,
    socket.answersTo(1).then(([answer]) => answer?.error?.json.data.reason),
  ])
  expect([1005, 'unauthenticated', 'invalid_input']).toContain(ended)
  socket.socket.terminate()
})

test('a frame of 64 KiB is read, and one above it closes the socket', async () => {
  const most = 64 << 10
  const frame = (bytes: number) => JSON.stringify(query(1)).padEnd(bytes)
  const socket = await open()
  socket.say(frame(most))
  await socket.answersTo(1)
  socket.say(frame(most + 1))
  expect(await socket.closed).toBe(1009)
})

test('a message in ten thousand fragments closes the socket', async () => {
  const socket = await open()
  socket.socket.on('error', () => undefined)
  for (let sent = 0; sent < 10_000; sent++) socket.socket.send(' ', { fin: false })
  expect([1006, 1008, 1009]).toContain(await socket.closed)
})

test.each([
  ['no JSON', '{'],
  ['null', 'null'],
  ['a number', '7'],
  ['a text', '"query"'],
  ['a list of nothing', '[null, 7, {}, []]'],
  ['an object of nothing', '{}'],
  ['an id that is an object', '{"id":{},"method":"query","params":{"path":"plans.list"}}'],
  ['an unknown method', '{"id":1,"method":"shutdown","params":{"path":"plans.list"}}'],
  ['no parameters', '{"id":1,"method":"query"}'],
  ['a path that is a list', '{"id":1,"method":"query","params":{"path":["plans","list"]}}'],
  ['a path into the prototype', '{"id":1,"method":"query","params":{"path":"__proto__.toString"}}'],
  ['input that superjson cannot read', '{"id":1,"method":"query","params":{"path":"voices.list","input":7}}'],
  ['a prototype', '{"id":1,"method":"query","params":{"path":"voices.list","input":{"json":{"__proto__":{"a":1}}}}}'],
  ['a query called as a subscription', '{"id":1,"method":"subscription","params":{"path":"plans.list"}}'],
  ['a subscription called as a query', '{"id":1,"method":"query","params":{"path":"events"}}'],
  ['the end of what never began', '{"id":99,"method":"subscription.stop"}'],
  ['a last event that is none', '{"id":1,"method":"subscription","params":{"path":"events","lastEventId":"x"}}'],
  [
    'something deep',
    `{"id":1,"method":"query","params":{"path":"voices.list","input":{"json":${'['.repeat(9_000)}${']'.repeat(9_000)}}}}`,
  ],
])('%s as a frame gets a reason or nothing, and the socket goes on', async (_name, frame) => {
  const socket = await open()
  socket.say(frame)
  socket.socket.send(Buffer.from(frame), { binary: true })
  socket.say(query('after'))
  await socket.answersTo('after')
  for (const { error } of socket.answers) {
    if (!error) continue
    expect(['invalid_input', 'not_found']).toContain(error.json.data.reason)
    expect(error.json.message).not.toMatch(/undefined|node_modules|position|destructure/)
  }
  socket.socket.terminate()
})

test('twenty calls go in a frame; of more none is made, and each is told', async () => {
  const socket = await open()
  const frame = (calls: number) => Array.from({ length: calls }, (_, index) => query(`${calls} ${index}`))
  socket.say(frame(20))
  await Promise.all(frame(20).map(({ id }) => socket.answersTo(id)))
  expect(socket.answers.every(({ result }) => result)).toBe(true)
  socket.say(frame(21))
  for (const { id } of frame(21)) {
    expect((await socket.answersTo(id))[0]?.error?.json.data.reason).toBe('invalid_input')
  }
  socket.socket.terminate()
})

test('a socket keeps nobody out: without credentials it has what anyone has', async () => {
  const socket = await open('', {})
  socket.say([query(1), query(2, 'auth.me'), { ...everything, id: 3 }])
  expect((await socket.answersTo(1))[0]?.result).toBeDefined()
  expect((await socket.answersTo(2))[0]?.error?.json.data.reason).toBe('unauthenticated')
  expect((await socket.answersTo(3))[0]?.error?.json.data.reason).toBe('unauthenticated')
  socket.socket.terminate()
})

test('who logs in over a socket keeps the token: there is no cookie to give', async () => {
  const socket = await open('', { origin: loqui.url })
  socket.say({
    id: 1,
    method: 'mutation',
    params: { path: 'auth.login', input: { json: { email: ada.email, password: ada.password } } },
  })
  const [answer] = await socket.answersTo(1)
  expect(answer?.result?.data.json).toMatchObject({ token: expect.stringMatching(/^[\w-]{20,}$/) })
  socket.socket.terminate()
})

/** Events are as large as these; so many that a server which holds them all is seen to. */
const eventBytes = 4_000
const eventCount = 12_000

/** A person with a long history, as if many generations had come and gone. */
async function personWithHistory(): Promise<TestUser> {
  const person = await loqui.user()
  const { id } = await client(loqui.url, person).generations.create.mutate({
    text: 'Hello.',
    voiceId: String(voice?.id),
  })
  const [userId, generationId] = [person.id.replace('usr_', ''), id.replace('gen_', '')]
  await sql`
    insert into event (user_id, seq, generation_id, type, data)
    select ${userId}, n, ${generationId}, 'segment', jsonb_build_object('state', 'running',
      'segments', jsonb_build_object('total', 1, 'done', 0), 'segment', null, 'durationMs', null, 'chargedMs', null,
      'error', jsonb_build_object('reason', 'internal', 'message', repeat('x', ${eventBytes}::int)))
    from generate_series(2, ${eventCount}::int) n
  `.execute(loqui.db)
  await sql`update event_stream set last_seq = ${eventCount} where user_id = ${userId}`.execute(loqui.db)
  return person
}

async function readAll(key: string, url = loqui.url): Promise<string[]> {
  const socket = await open('', { authorization: `Bearer ${key}` }, url)
  const ids: string[] = []
  socket.socket.on('message', (data) => {
    if (String(data) === 'PING') return socket.socket.send('PONG')
    const { result } = JSON.parse(String(data)) as Answer
    if (result?.id !== undefined) ids.push(result.id)
  })
  socket.say(everything)
  await eventually(() => ids.length, 60_000).toBe(eventCount)
  socket.socket.terminate()
  return ids
}

/** Memory of the server, in MiB. */
async function residentMiB({ pid }: TestProcess): Promise<number> {
  if (process.platform === 'linux') {
    return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) / 1024
}

// What a heap grows by is its own affair now and then: what is held for good is held the next time as well.
test('readers who do not read cost the server nothing, and miss nothing when they go on', {
  retry: 2,
  timeout: 90_000,
}, async () => {
  const { key } = await personWithHistory()
  // Whatever the heap grows by in ordinary work it has then.
  await readAll(key)
  const before = await residentMiB(main)

  const paused = await Promise.all(Array.from({ length: 4 }, () => open('', { authorization: `Bearer ${key}` })))
  for (const { socket, say } of paused) {
    socket.pause()
    say(everything)
  }
  const streams = await Promise.all(Array.from({ length: 4 }, () => silentStream(key)))
  // One who does read gets all of it meanwhile: the server has had time to send as much to the others.
  await readAll(key)
  // Unbounded, it would hold eight times fifty megabytes.
  expect((await residentMiB(main)) - before).toBeLessThan(250)

  const [late] = paused
  if (!late) throw new Error('there is none')
  late.socket.resume()
  const seen = () => late.answers.flatMap(({ result }) => result?.id ?? [])
  await eventually(() => seen().length, 30_000).toBe(eventCount)
  expect(seen()).toEqual(Array.from({ length: eventCount }, (_, index) => String(index + 1)))
  for (const { socket } of paused) socket.terminate()
  for (const stream of streams) stream.destroy()
})

test('of a hundred clients that never read a server just started holds under 32 MiB, and others read all they ask for', async () => {
  const people = await Promise.all(Array.from({ length: 3 }, () => personWithHistory()))
  const [reader, ...others] = people.map(({ key }) => String(key))
  const held = import.meta.resolve('./testing-held.ts')
  const server = await loqui.startServer({}, { execArgv: ['--import', held] })
  const heldMiB = async () => ((await server.ask({})) as Held).heldBytes / 2 ** 20
  const before = await heldMiB()
  const silent = await Promise.all(
    others.flatMap((key) => Array.from({ length: 50 }, () => open('', { authorization: `Bearer ${key}` }, server.url))),
  )
  for (const { socket, say } of silent) {
    socket.pause()
    say(everything)
  }
  // So long that the server has had time to send as much to the others.
  expect(await readAll(String(reader), server.url)).toHaveLength(eventCount)
  // What is just being read for one of them is let go again.
  await eventually(async () => (await heldMiB()) - before).toBeLessThan(32)
  for (const { socket } of silent) socket.terminate()
  await server.end('SIGTERM')
}, 120_000)

/** Server-sent events asked for and never read. */
async function silentStream(key: string) {
  const socket = connect(Number(new URL(loqui.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.pause()
  const input = encodeURIComponent(JSON.stringify({ json: { lastEventId: '0' } }))
  socket.write(
    `GET /trpc/events?input=${input} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${key}\r\n\r\n`,
  )
  return socket
}

test('calls whose answers nobody reads are not made', async () => {
  const person = await loqui.user()
  const server = await loqui.startServer()
  const { generations } = client(server.url, person)
  for (let made = 0; made < 100; made++) {
    await generations.create.mutate({ text: 'Hello. '.repeat(40), voiceId: String(voice?.id), title: 'x'.repeat(200) })
  }
  const input = { limit: 100 }
  const bytes = JSON.stringify(await generations.list.query(input)).length
  const before = await residentMiB(server)
  const socket = await open('', { authorization: `Bearer ${person.key}` }, server.url)
  socket.socket.pause()
  const calls = 1_200
  for (let first = 0; first < calls; first += 20) {
    socket.say(Array.from({ length: 20 }, (_, index) => query(first + index, 'generations.list', input)))
  }
  // Others are served as ever, for as long as it takes.
  for (let served = 0; served < 100; served++) await generations.list.query(input)
  expect((bytes * calls) / 2 ** 20).toBeGreaterThan(90)
  expect((await residentMiB(server)) - before).toBeLessThan(110)
  socket.socket.resume()
  await eventually(() => socket.answers.length, 60_000).toBe(calls)
  expect(socket.answers.flatMap(({ error }) => error?.json.data.reason ?? [])).toEqual([])
  socket.socket.terminate()
  await server.end('SIGTERM')
}, 90_000)

test('a server that is told to stop while a socket has calls waiting stops without a complaint', async () => {
  const server = await loqui.startServer()
  const socket = await open('', { authorization: `Bearer ${ada.key}` }, server.url)
  socket.socket.pause()
  for (let first = 0; first < 500; first += 20) {
    socket.say(Array.from({ length: 20 }, (_, index) => query(first + index, 'generations.list', {})))
  }
  expect(await server.end('SIGTERM')).toBe(0)
  socket.socket.resume()
  expect([1006, 1012]).toContain(await socket.closed)
})
