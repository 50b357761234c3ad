import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GenerationEvent } from '@loqui/core/generations/generation'
import { createDb } from '@loqui/db/client'
import { type EmbeddedPostgres, startEmbedded } from '@loqui/db/embedded'
import { migrate } from '@loqui/db/migrate'
import { client } from '@loqui/server/testing-client'
import { type CuttableProxy, openProxy } from '@loqui/server/testing-cut'
import { openLoqui, type TestServer, type TestUser } from '@loqui/server/testing-loqui'
import { overEvents, overSocket, type SubscribingClient, watchToEnd } from '@loqui/server/testing-subscriber'
import { until } from './until.ts'

export interface StormOptions {
  readonly subscribers: number
  readonly users: number
  /** How long things go on breaking. What has begun by then is followed to its end. */
  readonly seconds: number
  readonly random: () => number
  readonly log: (line: string) => void
}

/** What became of it. */
export interface Storm {
  /** Cuts of connections, restarts of servers, restarts of PostgreSQL. */
  readonly broken: Readonly<Record<Trouble, number>>
  readonly generations: number
  /** Events that subscribers have seen, altogether. */
  readonly events: number
  /** What subscribers did not see as it was, each as a sentence. */
  readonly violations: readonly string[]
}

type Trouble = 'cuts' | 'servers' | 'databases'

/** Between one trouble and the next, at least and at most, in milliseconds. */
const pauses: Readonly<Record<Trouble, readonly [least: number, most: number]>> = {
  cuts: [500, 2_500],
  servers: [6_000, 14_000],
  databases: [9_000, 20_000],
}
/** What is left when all has calmed down has to be done by then. */
const calmMs = 90_000

/**
 * Lets many subscribers follow generations, over sockets and server-sent events through proxies to two servers, while connections
 * are cut, servers are killed or stopped and started again, and so is PostgreSQL. Then holds what each of them saw to what the
 * database says there was to see.
 */
export async function storm({ subscribers, users, seconds, random, log }: StormOptions): Promise<Storm> {
  await using cleanup = new AsyncDisposableStack()
  // Named as scripts/temporary-database.ts names its own, which sweeps what a killed run leaves.
  const directory = await mkdtemp(join(tmpdir(), `loqui-test-${process.pid}-`))
  cleanup.defer(() => rm(directory, { recursive: true, force: true }))
  // One that answers a commit before it is written loses what it answered when it is killed.
  const options = { directory: join(directory, 'postgres'), durable: true }
  let postgres: EmbeddedPostgres = await startEmbedded(options)
  cleanup.defer(() => postgres.stop())
  const { connectionString, port } = postgres
  await migrate(connectionString)
  const db = createDb({ connectionString, max: 4, role: 'owner' })
  cleanup.defer(() => db.destroy())
  const loqui = await openLoqui({ db, connectionString }, { servers: 2, workers: 1 })
  cleanup.defer(async () => void (await loqui.close()))
  const doors: { server: TestServer; readonly proxy: CuttableProxy }[] = []
  for (const server of [...loqui.servers]) {
    const proxy = await openProxy(server.url)
    cleanup.defer(() => proxy.close())
    doors.push({ server, proxy })
  }

  const text = await readFile(new URL('../../packages/core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')
  const people: TestUser[] = []
  while (people.length < users) people.push(await loqui.user())
  const { items: voices } = await client(loqui.url, people[0]).voices.list.query()
  const voiceId = String(voices[0]?.id)
  const between = ([least, most]: readonly [number, number]) => least + random() * (most - least)

  const storming = new AbortController()
  const end = setTimeout(() => storming.abort(), seconds * 1_000)
  cleanup.defer(() => clearTimeout(end))
  const broken: Record<Trouble, number> = { cuts: 0, servers: 0, databases: 0 }
  const breaking = async (trouble: Trouble, run: () => Promise<void>): Promise<void> => {
    for (;;) {
      await sleep(between(pauses[trouble]), undefined, { signal: storming.signal }).catch(() => undefined)
      if (storming.signal.aborted) return
      await run()
      broken[trouble]++
    }
  }
  const troubles = [
    breaking('cuts', async () => {
      const share = random()
      for (const { proxy } of doors) proxy.cut(() => random() < share)
    }),
    breaking('servers', async () => {
      const door = doors[Math.floor(random() * doors.length)]
      if (!door) return
      const { url } = door.server
      await door.server.end(random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
      const env = { PORT: new URL(url).port, PUBLIC_URL: url }
      door.server = await persist(() => loqui.startServer(env))
    }),
    breaking('databases', async () => {
      if (random() < 0.5) postgres.kill()
      else await postgres.stop()
      await postgres.exited
      postgres = await startEmbedded({ ...options, port })
    }),
  ]

  /** Of each generation what each subscriber saw. */
  const seen = new Map<string, string[][]>()
  const violations: string[] = []
  let generations = 0

  const follow = async (person: TestUser, watchers: readonly SubscribingClient[], turn: number): Promise<void> => {
    const door = doors[turn % doors.length]
    if (!door) return
    while (!storming.signal.aborted) {
      const begin = Math.floor(random() * (text.length - 1_000))
      const excerpt = text.slice(begin, begin + 400 + Math.floor(random() * 600))
      const headers = { authorization: `Bearer ${person.key}`, 'idempotency-key': crypto.randomUUID() }
      const { id } = await persist(() =>
        client(door.proxy.url, headers).generations.create.mutate({ text: excerpt, voiceId, format: 'wav' }),
      )
      generations++
      const views = watchers.map(() => [] as string[])
      seen.set(id, views)
      const watching = watchers.map((watcher, index) =>
        watchToEnd(watcher, id, (event: GenerationEvent) => views[index]?.push(event.id)),
      )
      const outcome = await Promise.allSettled(watching)
      for (const one of outcome) if (one.status === 'rejected') violations.push(`a subscriber gave up: ${one.reason}`)
    }
  }

  const each = Math.ceil(subscribers / users)
  const courses = people.map((person, turn) => {
    const watchers = Array.from({ length: each }, (_, index) => {
      const { proxy } = doors[(turn + index) % doors.length] as (typeof doors)[number]
      const watcher = (index % 2 === 0 ? overSocket : overEvents)(proxy.url, person)
      cleanup.defer(() => watcher.close())
      return watcher
    })
    return follow(person, watchers, turn)
  })

  // One that gives up ends the storm, before the others have.
  await Promise.race([Promise.all(troubles), Promise.all(courses).then(() => Promise.all(troubles))])
  log(`  ${broken.cuts} cuts, ${broken.servers} servers and ${broken.databases} databases started again; calm now`)
  let isDone = false
  const done = Promise.all(courses).then(() => {
    isDone = true
  })
  await Promise.race([done, until('every subscriber has seen the end', async () => isDone, calmMs)])

  let events = 0
  for (const [id, views] of seen) {
    const rows = await db
      .selectFrom('event')
      .select('seq')
      .where('generation_id', '=', id.slice(id.indexOf('_') + 1))
      .orderBy('seq')
      .execute()
    const there = rows.map(({ seq }) => String(seq)).join(' ')
    for (const view of views) {
      events += view.length
      if (view.join(' ') !== there)
        violations.push(`of ${id} there was ${there}, and a subscriber saw ${view.join(' ')}`)
    }
  }
  // That a database was away is in the logs, and is no news here.
  loqui.takeTrouble()
  return { broken, generations, events, violations }
}

/** A server that starts while PostgreSQL does, on a machine that has much else to do, takes its time. */
const patienceMs = 120_000

/** Tries again until it works: a client, or a supervisor, that does not give up. */
async function persist<Result>(run: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(250)
    }
  }
}
