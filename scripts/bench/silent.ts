import { setTimeout as delay } from 'node:timers/promises'
import type { RunningProcess } from '@loqui/process/testing'
import { client } from '@loqui/server/testing-client'
import type { Held } from '@loqui/server/testing-held'
import { sql } from 'kysely'
import type { Bench, BenchDatabase } from './bench.ts'
import type { Measurement } from './goal.ts'
import { now } from './now.ts'
import type { Order } from './subscribers.ts'
import { apiKey, belongings, makeUsers } from './users.ts'

const clients = 100
const mostMebibytes = 32
/** How much longer others may take to read. */
const mostDisturbed = 1.25
/** More than the system takes of them for who does not read, on loopback, where it takes megabytes. */
const history = { events: 4_000, bytes: 4_000 }
/** Looked at this often, what is held has come to rest when it is the same to a mebibyte. */
const restMs = 1_000
const hello = JSON.stringify({
  ...{ id: 1, method: 'subscription' },
  params: { path: 'events', input: { json: { lastEventId: '0' } } },
})

/**
 * What 100 clients cost a server that has just been started, who ask for a long history and never read what they get.
 *
 * **SILENT** is by how much the server then holds more than before they came, sockets and all, once what is garbage is collected;
 * against the 32 MiB that are promised. By how much its resident memory grew says more of what a heap takes to have room for
 * work: a server just like it whose 100 clients do read grows as much. Both are among the figures.
 *
 * **SILENT others** is what somebody else's client takes meanwhile to read a history as long; the baseline is the same where the
 * 100 have read theirs.
 */
export const silent: Measurement = {
  ids: ['SILENT'],
  async run(bench) {
    const database = await bench.database()
    await makeUsers(database.db, 2)
    for (const user of [1, 2]) await giveHistory(bench, database, user)
    const rounds: { ours: Cost; baseline: Cost }[] = []
    for (let round = 1; round <= bench.rounds; round++) {
      const measured = {
        ours: await costOf(bench, database, { reading: false }),
        baseline: await costOf(bench, database, { reading: true }),
      }
      bench.log(`  round ${round}: ${JSON.stringify(measured)}`)
      rounds.push(measured)
    }
    return [
      {
        ...{ id: 'SILENT', what: 'held for 100 clients that never read', unit: 'MiB', baseline: 'what is promised' },
        goal: { atMost: 1 },
        rounds: rounds.map(({ ours }) => ({ ours: ours.held, baseline: mostMebibytes })),
        details: { rounds },
      },
      {
        ...{ id: 'SILENT others', what: 'a history read by somebody else meanwhile', unit: 'ms' },
        ...{ baseline: 'beside 100 that read', goal: { atMost: mostDisturbed } },
        rounds: rounds.map(({ ours, baseline }) => ({ ours: ours.othersMs, baseline: baseline.othersMs })),
      },
    ]
  },
}

interface Cost {
  /** In MiB. */
  readonly held: number
  /** In MiB. */
  readonly grown: number
  readonly othersMs: number
}

async function costOf(
  bench: Bench,
  { connectionString }: BenchDatabase,
  { reading }: { readonly reading: boolean },
): Promise<Cost> {
  const server = await bench.startServer(connectionString, {
    preload: 'held.preload.ts',
    env: { SOCKETS_PER_USER: '200' },
  })
  const [crowd, other] = [await bench.startChild('subscribers'), await bench.startChild('subscribers')]
  const way = (user: number) => ({
    url: `ws://127.0.0.1:${server.port}/trpc`,
    headers: { authorization: `Bearer ${apiKey(user)}` },
  })
  const before = (await server.ask({})) as Held
  const open: Order = { do: 'open', name: 'crowd', count: clients, ...way(1) }
  await crowd.ask(open)
  const begin: Order = reading
    ? { do: 'read', name: 'crowd', hello, frames: history.events }
    : { do: 'ignore', name: 'crowd', hello }
  await crowd.ask(begin)
  const openOther: Order = { do: 'open', name: 'other', count: 1, ...way(2) }
  const readOther: Order = { do: 'read', name: 'other', hello, frames: history.events }
  await other.ask(openOther)
  // Once for the just-in-time compiler, and to give the silent the time to take all that they will.
  await other.ask(readOther)
  const after = await atRest(server)
  const closeOther: Order = { do: 'close', name: 'other' }
  await other.ask(closeOther)
  await other.ask(openOther)
  const started = now()
  await other.ask(readOther)
  const othersMs = now() - started
  for (const process of [crowd, other, server]) await process.end('SIGTERM')
  const mebibytes = (of: keyof Held) => (after[of] - before[of]) / 2 ** 20
  return { held: mebibytes('heldBytes'), grown: mebibytes('rssBytes'), othersMs }
}

async function atRest(server: RunningProcess): Promise<Held> {
  for (let before = (await server.ask({})) as Held; ; ) {
    await delay(restMs)
    const after = (await server.ask({})) as Held
    if (Math.abs(after.heldBytes - before.heldBytes) < 2 ** 20) return after
    before = after
  }
}

/** As if many generations of a user had come and gone. */
async function giveHistory(bench: Bench, { connectionString, db }: BenchDatabase, user: number): Promise<void> {
  const server = await bench.startServer(connectionString)
  const api = client(`http://127.0.0.1:${server.port}`, { key: apiKey(user) })
  const { items: voices } = await api.voices.list.query()
  const { id } = await api.generations.create.mutate({ text: 'Hello.', voiceId: String(voices[0]?.id) })
  const [userId, generationId] = [belongings.userId.of(user), id.replace('gen_', '')]
  await sql`
    insert into event (user_id, seq, generation_id, type, data)
    select ${userId}, n, ${generationId}, 'segment', jsonb_build_object('state', 'running',
      'segments', jsonb_build_object('total', 1, 'done', 0), 'segment', null, 'durationMs', null, 'chargedMs', null,
      'error', jsonb_build_object('reason', 'internal', 'message', repeat('x', ${history.bytes}::int)))
    from generate_series(2, ${history.events}::int) n
  `.execute(db)
  await sql`update event_stream set last_seq = ${history.events} where user_id = ${userId}`.execute(db)
  await server.end('SIGTERM')
}
