import { readFile } from 'node:fs/promises'
import type { AppRouter } from '@loqui/api/router'
import type { GenerationEvent } from '@loqui/core/generations/generation'
import {
  createTRPCClient,
  createWSClient,
  httpSubscriptionLink,
  type TRPCClient,
  type TRPCLink,
  wsLink,
} from '@trpc/client'
import { EventSource } from 'eventsource'
import superjson from 'superjson'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { client, eventually, finished, startLoqui, type TestUser } from './testing.ts'
import { startProxy } from './testing-proxy.ts'

const loqui = await startLoqui({ servers: 0, env: { WORKER_CONCURRENCY: '2' } })
const [a, b] = [await loqui.startServer(), await loqui.startServer()]
const ada = await loqui.user()
const api = client(a.url, ada)
const [voice] = (await api.voices.list.query()).items
const voiceId = String(voice?.id)
const alice = await readFile(new URL('../../../packages/core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')
/** A dozen segments: time enough to be cut in between. */
const text = alice.slice(0, 2_500)

const cleanups: (() => void)[] = []
afterAll(() => {
  for (const cleanup of cleanups) cleanup()
})

type Credentials = Pick<TestUser, 'key'>

function overSocket(url: string, { key }: Credentials): TRPCClient<AppRouter> {
  const socket = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    // tRPC types the browser's; ws has all of it that tRPC uses.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    connectionParams: () => ({ token: key }),
    retryDelayMs: () => 10,
  })
  cleanups.push(() => void socket.close())
  return createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] })
}

const overEvents = (url: string, { key }: Credentials) => asEvents(url, { authorization: `Bearer ${key}` })

function asEvents(url: string, headers: Record<string, string>): TRPCClient<AppRouter> {
  const link: TRPCLink<AppRouter> = httpSubscriptionLink({
    url: `${url}/trpc`,
    transformer: superjson,
    EventSource,
    eventSourceOptions: () => ({
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } } as RequestInit),
    }),
  })
  return createTRPCClient<AppRouter>({ links: [link] })
}

const ways = [
  ['a socket', overSocket],
  ['server-sent events', overEvents],
] as const

interface Watching {
  readonly events: GenerationEvent[]
  /** Resolves when the server ends the subscription, rejects with what it says then. */
  readonly ended: Promise<void>
  readonly began: Promise<void>
  stop(): void
}

type Subscribe = (handlers: {
  onStarted(): void
  onData(event: { id: string; data: GenerationEvent }): void
  onError(error: unknown): void
  onComplete(): void
}) => { unsubscribe(): void }

function watching(
  subscribe: Subscribe,
  onEvent: (event: GenerationEvent, events: GenerationEvent[]) => void = () => undefined,
): Watching {
  const events: GenerationEvent[] = []
  const ended = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  ended.promise.catch(() => undefined)
  const { unsubscribe } = subscribe({
    onStarted: () => began.resolve(),
    onData({ id, data }) {
      expect(id).toBe(data.id)
      events.push(data)
      onEvent(data, events)
    },
    onError: (error) => ended.reject(error),
    onComplete: () => ended.resolve(),
  })
  cleanups.push(unsubscribe)
  return { events, ended: ended.promise, began: began.promise, stop: unsubscribe }
}

const create = (input: { text?: string } = {}) =>
  api.generations.create.mutate({ text, voiceId, format: 'wav', ...input })

/** What the database says happened, in order. */
async function history(id: string): Promise<string[]> {
  const rows = await loqui.db
    .selectFrom('event')
    .select('seq')
    .where('generation_id', '=', id.replace('gen_', ''))
    .orderBy('seq')
    .execute()
  return rows.map(({ seq }) => String(seq))
}

function expectWhole(events: GenerationEvent[], id: string): void {
  const segments = events.filter(({ type }) => type === 'segment')
  const total = segments.at(-1)?.segments.total ?? 0
  expect(total).toBeGreaterThan(8)
  expect(events.map(({ type }) => type)).toEqual(['queued', 'running', ...Array(total).fill('segment'), 'succeeded'])
  expect(segments.map(({ segments: { done } }) => done)).toEqual(Array.from({ length: total }, (_, index) => index + 1))
  expect(new Set(segments.map(({ segment }) => segment?.index)).size).toBe(total)
  expect(new Set(events.map(({ generationId }) => generationId))).toEqual(new Set([id]))
  const ids = events.map((event) => Number(event.id))
  expect(ids).toEqual(ids.toSorted((one, other) => one - other))
  expect(events.at(-1)).toMatchObject({ state: 'succeeded', durationMs: expect.any(Number), error: null })
}

test.each(ways)(
  'over %s a generation is queued, runs, stores each segment and succeeds, in order',
  async (_name, over) => {
    const { id } = await create()
    const { events, ended } = watching((handlers) => over(a.url, ada).generations.watch.subscribe({ id }, handlers))
    await ended
    expectWhole(events, id)
    expect(events.map((event) => event.id)).toEqual(await history(id))
  },
)

test.each(ways)('over %s that is cut again and again each event comes exactly once', async (_name, over) => {
  const proxy = await startProxy(a.url)
  const { id } = await create()
  let cuts = 0
  const { events, ended } = watching(
    (handlers) => over(proxy.url, ada).generations.watch.subscribe({ id }, handlers),
    ({ type }, { length }) => {
      // An EventSource waits three seconds before it comes back: one cut shows as much as many.
      const most = over === overSocket ? 4 : 1
      if (cuts < most && type === 'segment' && length % 2 === 0) {
        cuts++
        proxy.cut()
      }
    },
  )
  await ended
  expect(cuts).toBe(over === overSocket ? 4 : 1)
  // Events that arrived together are told of together: what is cut at the second of them is cut already.
  expect(proxy.connections).toBeGreaterThan(1)
  expect(proxy.connections).toBeLessThanOrEqual(cuts + 1)
  expectWhole(events, id)
  expect(events.map((event) => event.id)).toEqual(await history(id))
})

test.each(ways)('over %s of one server one hears what another one did', async (_name, over) => {
  const { events, began, stop } = watching((handlers) => over(b.url, ada).events.subscribe({}, handlers))
  await began
  const { id } = await create({ text: 'Hello over there.' })
  await expect
    .poll(() => events.map(({ generationId, type }) => `${generationId} ${type}`))
    .toContain(`${id} succeeded`)
  expect(events[0]).toMatchObject({ generationId: id, type: 'queued' })
  stop()
})

test.each(ways)('over %s nothing is missed that happens once the subscription has begun', async (_name, over) => {
  const expected: string[] = []
  const began: Watching[] = []
  for (let round = 0; round < 10; round++) {
    const watch = watching((handlers) => over(a.url, ada).events.subscribe({}, handlers))
    await watch.began
    expected.push((await create({ text: 'Hello.' })).id)
    began.push(watch)
  }
  for (const [index, { events, stop }] of began.entries()) {
    await eventually(() => events.find(({ type }) => type === 'queued')?.generationId).toBe(expected[index])
    stop()
  }
})

test.each(ways)('over %s who has seen the last event is told that there is no other', async (_name, over) => {
  const { id } = await create({ text: 'Hello.' })
  const first = watching((handlers) => over(a.url, ada).generations.watch.subscribe({ id }, handlers))
  await first.ended
  const lastEventId = String(first.events.at(-1)?.id)
  const second = watching((handlers) => over(a.url, ada).generations.watch.subscribe({ id, lastEventId }, handlers))
  await second.ended
  expect(second.events).toEqual([])
})

test.each(ways)('over %s a deleted generation ends what watches it', async (_name, over) => {
  const { id } = await create()
  const { ended, events } = watching(
    (handlers) => over(a.url, ada).generations.watch.subscribe({ id }, handlers),
    ({ type }) => {
      if (type === 'running') void api.generations.delete.mutate({ id })
    },
  )
  await ended
  expect(events.at(-1)?.type).toBe('canceled')
})

const endings: [string, string, (user: TestUser, keyId: string) => Promise<unknown>][] = [
  ['a key that is revoked', 'api_key_revoked', (user, id) => client(b.url, user).keys.revoke.mutate({ id })],
  ['an account that is disabled', 'account_disabled', (user) => disable(user)],
]

async function disable(user: TestUser): Promise<void> {
  const admin = await loqui.user({ role: 'admin' })
  await client(b.url, admin).admin.users.update.mutate({ id: user.id, disabled: true })
}

test.each(ways.flatMap(([name, over]) => endings.map(([what, ...ending]) => [name, what, over, ...ending] as const)))(
  'over %s %s is heard of within a second, and of nothing after it',
  async (_name, _what, over, reason, end) => {
    const user = await loqui.user()
    const { key, secret } = await client(a.url, user).keys.create.mutate({ name: 'to be ended' })
    const { events, began, ended } = watching((handlers) => over(a.url, { key: secret }).events.subscribe({}, handlers))
    await began
    await end(user, key.id)
    const from = performance.now()
    await expect(ended).rejects.toMatchObject({ data: { reason } })
    expect(performance.now() - from).toBeLessThan(1_000)
    const heard = events.length
    const other = client(a.url, await loqui.user({ role: 'admin' }))
    await other.admin.users.update.mutate({ id: user.id, disabled: false })
    const own = client(a.url, user)
    const { id } = await own.generations.create.mutate({ text: 'Nobody hears this.', voiceId })
    await finished(own, id)
    expect(events).toHaveLength(heard)
  },
)

test.each(ways)('over %s a logout elsewhere ends what its session watches', async (_name, over) => {
  const { email, password } = await loqui.user()
  const { token } = await client(a.url).auth.login.mutate({ email, password })
  const session = { key: String(token) }
  const { began, ended } = watching((handlers) => over(a.url, session).events.subscribe({}, handlers))
  await began
  await client(b.url, { authorization: `Bearer ${token}` }).auth.logout.mutate()
  const from = performance.now()
  await expect(ended).rejects.toMatchObject({ data: { reason: 'session_expired' } })
  expect(performance.now() - from).toBeLessThan(1_000)
})

test('the end of one key is not the end of another', async () => {
  const user = await loqui.user()
  const { key } = await client(a.url, user).keys.create.mutate({ name: 'other' })
  const { events, began, stop } = watching((handlers) => overSocket(a.url, user).events.subscribe({}, handlers))
  await began
  await client(b.url, user).keys.revoke.mutate({ id: key.id })
  const { id } = await client(b.url, user).generations.create.mutate({ text: 'Still here.', voiceId })
  await eventually(() => events[0]?.generationId).toBe(id)
  stop()
})

test('a stream outlives the moment at which its cookie should be set again, for which it has no header left', async () => {
  const { email, password } = await loqui.user()
  const { token } = await client(a.url).auth.login.mutate({ email, password })
  const own = client(a.url, { authorization: `Bearer ${token}` })
  const stream = asEvents(a.url, { cookie: `loqui=${token}` })
  const { events, began, stop } = watching((handlers) => stream.events.subscribe({}, handlers))
  await began
  const soon = new Date(Date.now() + 86_400_000)
  await loqui.db.updateTable('session').set({ expires_at: soon }).execute()
  const { key } = await own.keys.create.mutate({ name: 'a reason to look again' })
  // The first of these calls moves the expiry itself; from then on only what looks again can.
  await loqui.db.updateTable('session').set({ expires_at: soon }).execute()
  await client(b.url, { authorization: `Bearer ${token}` }).keys.revoke.mutate({ id: key.id })
  const { id } = await own.generations.create.mutate({ text: 'Still here.', voiceId })
  await eventually(() => events.map(({ generationId }) => generationId)).toContain(id)
  stop()
})
