import { readFile } from 'node:fs/promises'
import type { AppRouter } from '@loqui/api/router'
import { openProxy } from '@loqui/db/testing/proxy'
import { createTRPCClient, createWSClient, type TRPCClient, TRPCClientError, wsLink } from '@trpc/client'
import { sql } from 'kysely'
import superjson from 'superjson'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { client, eventually, finished, startLoqui } from './testing.ts'

const loqui = await startLoqui({ env: { WORKER_CONCURRENCY: '2' } })
const ada = await loqui.user()
const api = client(loqui.url, ada)
const voiceId = String((await api.voices.list.query()).items[0]?.id)
const alice = await readFile(new URL('../../../packages/core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')

function overSocket(url: string): TRPCClient<AppRouter> {
  const socket = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    // tRPC types the browser's; ws has all of it that tRPC uses.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    connectionParams: () => ({ token: ada.key }),
    retryDelayMs: () => 10,
  })
  afterAll(() => socket.close())
  return createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] })
}
const live = overSocket(loqui.url)

/** Ends every connection that server and worker have to their database. */
async function cutDatabase(): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name like 'loqui%'
  `.execute(loqui.owner)
}

/** Follows a generation as a client should: after an error that says it will pass, on from the last event. */
async function follow(id: string, seen: string[], over = live): Promise<void> {
  for (;;) {
    try {
      await new Promise<void>((resolve, reject) => {
        over.generations.watch.subscribe(
          { id, lastEventId: seen.at(-1) },
          { onData: (event) => seen.push(event.id), onComplete: resolve, onError: reject },
        )
      })
      return
    } catch (error) {
      if (!(error instanceof TRPCClientError) || error.data?.reason !== 'service_unavailable') throw error
    }
  }
}

/** What the database says happened, in order. */
async function history(id: string): Promise<string[]> {
  const events = await loqui.db
    .selectFrom('event')
    .select('seq')
    .where('generation_id', '=', id.replace('gen_', ''))
    .orderBy('seq')
    .execute()
  return events.map(({ seq }) => String(seq))
}

test('connections to the database that end cost no event, no charge and no process', async () => {
  const { id } = await api.generations.create.mutate({ text: alice.slice(0, 5_000), voiceId })
  const seen: string[] = []
  const following = follow(id, seen)
  for (const done of [2, 6, 10]) {
    await eventually(() => seen.length).toBeGreaterThan(done + 2)
    await cutDatabase()
  }
  await following
  const { durationMs, chargedMs } = await finished(api, id)
  expect(chargedMs).toBe(durationMs)
  expect(seen).toEqual(await history(id))
  for (const complaint of loqui.takeTrouble()) {
    expect(complaint).toMatch(/terminat|EPIPE|ECONNRESET|not queryable/)
  }
}, 60_000)

test('a call that meets a connection which has just ended says to come back, and is answered then', async () => {
  for (let round = 0; round < 5; round++) {
    await cutDatabase()
    for (const outcome of await Promise.allSettled(Array.from({ length: 20 }, () => api.auth.me.query()))) {
      if (outcome.status === 'rejected') {
        expect(outcome.reason.data).toMatchObject({
          reason: 'service_unavailable',
          httpStatus: 503,
          retryAfterSeconds: expect.any(Number),
        })
      }
    }
    expect((await fetch(`${loqui.url}/live`)).status).toBe(200)
    await eventually(async () => (await fetch(`${loqui.url}/ready`)).status).toBe(200)
  }
  expect((await api.auth.me.query()).email).toBe(ada.email)
  for (const complaint of loqui.takeTrouble()) expect(complaint).toMatch(/terminat|EPIPE|ECONNRESET|not queryable/)
})

test('a server whose connections to the database go dead without a word tells each event once all the same', async () => {
  await using proxy = await openProxy(loqui.connectionString)
  const server = await loqui.startServer({ DATABASE_URL: proxy.connectionString })
  const { id } = await api.generations.create.mutate({ text: alice.slice(0, 5_000), voiceId })
  const seen: string[] = []
  const following = follow(id, seen, overSocket(server.url))
  await eventually(() => seen.length).toBeGreaterThan(3)
  proxy.stall()
  await following
  await finished(api, id)
  expect(seen).toEqual(await history(id))
  await server.end('SIGTERM')
  for (const complaint of loqui.takeTrouble()) expect(complaint).toMatch(/terminat|timeout/i)
}, 60_000)
