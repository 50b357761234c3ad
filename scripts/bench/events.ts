import { setTimeout as delay } from 'node:timers/promises'
import { wireId } from '@loqui/core/ids'
import { client } from '@loqui/server/testing-client'
import { sql } from 'kysely'
import type { Bench } from './bench.ts'
import type { Measurement, Result } from './goal.ts'
import { spread } from './statistics.ts'
import type { Ages, Order } from './subscribers.ts'
import { apiKey, makeUsers } from './users.ts'

const subscribers = 2_000
const generations = 50
const mostMs = 250
const voiceName = 'Stella'
/** So many that none comes to its end meanwhile. */
const segments = 100
/** What is still on its way at the end of a turn has arrived by then, or is lost. */
const arrivedWithinMs = 20_000
const hello = JSON.stringify({ id: 1, method: 'subscription', params: { path: 'events', input: { json: {} } } })

/**
 * How old events are when they come to 2,000 sockets that follow everything of theirs at one server, while a worker speaks 50
 * generations at the same time with the offline engine: so both cores are busy, and what is measured is not what a server could do
 * that had one to itself.
 *
 * **Ours** is the 99th percentile of the time from when an event was written to its arrival. It says itself when it was written,
 * which is the last thing before its commit: what the commit takes is counted in. That nothing is lost is counted, too.
 * Once the sockets belong to fifty people, each with a generation of their own, once all to one who has all fifty.
 *
 * **The baseline** is what is promised: 250 ms.
 */
export const events: Measurement = {
  ids: ['EVENTS'],
  async run(bench) {
    const results: Result[] = []
    for (const people of [generations, 1]) results.push(await measure(bench, people))
    return results
  },
}

async function measure(bench: Bench, people: number): Promise<Result> {
  const database = await bench.database()
  const { connectionString, db } = database
  await makeUsers(db, people)
  const server = await bench.startServer(connectionString, {
    env: { SOCKETS_PER_USER: String(subscribers), CONNECTIONS_PER_ADDRESS: String(subscribers) },
  })
  const worker = await bench.startWorker(connectionString, { env: { WORKER_CONCURRENCY: String(generations) } })
  const crowd = await bench.startChild('subscribers')
  const order = (what: Order) => crowd.ask(what)
  const voice = await db.selectFrom('voice').select('id').where('name', '=', voiceName).executeTakeFirstOrThrow()
  const users = Array.from({ length: people }, (_, index) => index + 1)
  for (const user of users) {
    const headers = { authorization: `Bearer ${apiKey(user)}` }
    const way = { url: `ws://127.0.0.1:${server.port}/trpc`, headers, hello }
    await order({ do: 'open', name: `user ${user}`, count: subscribers / people, ...way })
  }

  const count = async (of: ReturnType<typeof sql<boolean>>): Promise<number> => {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from generation where ${of}`.execute(db)
    return rows[0]?.count ?? 0
  }
  /** Waits until everybody has every event of theirs that was written in between, and no more. */
  const arrived = async (since: number, until: number): Promise<Ages> => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from event
      where date_trunc('milliseconds', created_at) between ${new Date(since)} and ${new Date(until)}
    `.execute(db)
    const expected = ((rows[0]?.count ?? 0) * subscribers) / people
    for (const late = Date.now() + arrivedWithinMs; ; ) {
      const { count } = (await order({ do: 'count', since, until })) as Pick<Ages, 'count'>
      if (count === expected) return (await order({ do: 'ages', since, until })) as Ages
      if (count > expected || Date.now() > late) throw new Error(`${count} of ${expected} deliveries arrived`)
      await delay(250)
    }
  }
  const turn = async (round: number): Promise<Ages> => {
    await order({ do: 'note' })
    const begun = Date.now()
    const made = await Promise.all(
      Array.from({ length: generations }, async (_, index) => {
        const api = client(`http://127.0.0.1:${server.port}`, { key: apiKey((index % people) + 1) })
        const text = Array.from({ length: segments }, (_, n) => `Of story ${round} ${index} this is part ${n}.`).join(
          ' ',
        )
        const { id } = await api.generations.create.mutate({ text, voiceId: wireId('voice', voice.id), format: 'wav' })
        return { api, id }
      }),
    )
    while ((await count(sql`state = 'running'`)) < generations) await delay(100)
    // That fifty were created at once is behind them.
    await arrived(begun, Date.now())
    const since = Date.now()
    await delay(bench.seconds * 1_000)
    const until = Date.now()
    const running = await count(sql`state = 'running'`)
    if (running < generations) throw new Error(`${generations - running} generations ended too early`)
    const ages = await arrived(since, until)
    for (const { api, id } of made) await api.generations.cancel.mutate({ id })
    while ((await count(sql`finished_at is null`)) > 0) await delay(100)
    bench.log(`  ${round === 0 ? 'warm-up' : `round ${round}`}: ${JSON.stringify(ages)}`)
    return ages
  }
  await turn(0)
  const ages: Ages[] = []
  for (let round = 1; round <= bench.rounds; round++) ages.push(await turn(round))
  for (const process of [crowd, worker, server]) await process.end('SIGTERM')
  await database.assertSound()
  const whose = people === 1 ? 'of one person' : `of ${people} people`
  return {
    ...{ id: people === 1 ? 'EVENTS one' : 'EVENTS', unit: 'ms', baseline: 'what is promised', goal: { atMost: 1 } },
    what: `an event to its subscribers among 2,000 ${whose} while 50 generations run, 99th percentile`,
    rounds: ages.map(({ p99 }) => ({ ours: p99, baseline: mostMs })),
    details: { ages, most: spread(ages.map(({ most }) => most)).most },
  }
}
