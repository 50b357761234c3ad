import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@loqui/db/embedded-port'
import { createHints } from '@loqui/db/hint'
import type { RunningProcess } from '@loqui/process/testing'
import { client } from '@loqui/server/testing-client'
import { sql } from 'kysely'
import type { Measurement } from './goal.ts'
import { interleave } from './rounds.ts'
import { quantile } from './statistics.ts'
import type { Arrivals, Order } from './subscribers.ts'
import { apiKey, belongings, makeUsers } from './users.ts'
import type { Watched } from './watch.ts'

const subscribers = 1_000
const hello = JSON.stringify({ id: 1, method: 'subscription', params: { path: 'events', input: { json: {} } } })
/** What memory is asked for after: what opening leaves behind is done with by then. */
const settleMs = 1_000

/**
 * P9 of the goals: one event to 1,000 sockets of one user, in a process that does nothing else.
 *
 * **Ours** is a server process as it runs for people: the event is committed to PostgreSQL, its hint sent, and each socket's
 * subscription tells of it. What counts is the time from the commit to the arrival.
 *
 * **The baseline** is `ws` with nothing around it, told to send the same bytes to all sockets.
 *
 * **P9 CPU** is what the process used for it, divided by the deliveries. **P9 memory** is by how much its resident memory grew
 * while a thousand subscribed, in processes that have just been started; they then hear nothing.
 */
export const fanOut: Measurement = {
  ids: ['P9'],
  async run(bench) {
    const { connectionString, db } = await bench.database()
    await makeUsers(db, 1)
    const crowd = await bench.startChild('subscribers')
    const order = (what: Order) => crowd.ask(what)
    const startOurs = async () => {
      const server = await bench.startServer(connectionString, {
        preload: 'watch.preload.ts',
        env: { SOCKETS_PER_USER: '2000', CONNECTIONS_PER_ADDRESS: '2000' },
      })
      const headers = { authorization: `Bearer ${apiKey(1)}` }
      return { process: server, port: server.port, url: `ws://127.0.0.1:${server.port}/trpc`, headers, hello }
    }
    const startBare = async () => {
      const port = await freePort()
      const process = await bench.startChild('broadcast', { PORT: String(port) })
      return { process, port, url: `ws://127.0.0.1:${port}`, headers: {} }
    }
    type Contender = Awaited<ReturnType<typeof startOurs | typeof startBare>>
    const open = async (name: string, { process, ...way }: Contender): Promise<number> => {
      const before = await rss(process)
      await order({ do: 'open', name, count: subscribers, ...way })
      await sleep(settleMs)
      return ((await rss(process)) - before) / subscribers / 1_024
    }

    const memory: { ours: number; baseline: number }[] = []
    for (let round = 0; round < bench.rounds - 1; round++) {
      const [ours, bare] = [await startOurs(), await startBare()]
      memory.push({ ours: await open('ours', ours), baseline: await open('bare', bare) })
      for (const name of ['ours', 'bare']) await order({ do: 'close', name })
      for (const { process } of [ours, bare]) await process.end('SIGTERM')
    }
    const [ours, bare] = [await startOurs(), await startBare()]
    memory.push({ ours: await open('ours', ours), baseline: await open('bare', bare) })

    const api = client(`http://127.0.0.1:${ours.port}`, { key: apiKey(1) })
    const { items: voices } = await api.voices.list.query()
    /** Has something sent to everybody, and waits until all have it. */
    const arrive = async <Answer>(name: string, send: () => Promise<Answer>): Promise<Arrivals & { sent: Answer }> => {
      await order({ do: 'listen', name })
      const sent = await send()
      return { ...((await order({ do: 'wait', name })) as Arrivals), sent }
    }
    await arrive('ours', () =>
      api.generations.create.mutate({ text: 'An event for everybody.', voiceId: String(voices[0]?.id) }),
    )
    const hints = createHints(db, (error) => bench.log(`  ${error}`))
    const userId = belongings.userId.of(1)
    const happen = async (): Promise<Sent> => {
      await sql`
        select event_append(generation, 'segment', '{"index": 0, "durationMs": 1234}') from generation where user_id = ${userId}
      `.execute(db)
      const committed = now()
      hints.hint('events', userId)
      return { at: committed, cpuMicros: 0 }
    }
    // What is sent is as long as what is sent by ours.
    const { frame } = await arrive('ours', happen)

    const turn = (name: string, process: RunningProcess, send: () => Promise<Sent>) => async (seconds: number) => {
      await process.ask({})
      const latencies: number[] = []
      let spent = 0
      const end = performance.now() + seconds * 1_000
      while (performance.now() < end) {
        const { times, sent } = await arrive(name, send)
        spent += sent.cpuMicros
        for (const time of times) latencies.push(time - sent.at)
      }
      const { cpuMicros } = (await process.ask({})) as Watched
      return {
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        cpuMicros: (spent + cpuMicros) / latencies.length,
        deliveries: latencies.length,
      }
    }
    const rounds = await interleave(bench, {
      ours: turn('ours', ours.process, happen),
      bare: turn('bare', bare.process, async () => {
        const at = now()
        // It is asked what it has used by the same message, and begins to count anew.
        const { cpuMicros } = (await bare.process.ask({ frame })) as Watched
        return { at, cpuMicros }
      }),
    })
    for (const { process } of [ours, bare]) await process.end('SIGTERM')
    const baseline = 'bare ws'
    return [
      {
        ...{ id: 'P9', what: 'an event to 1,000 sockets, 99th percentile', unit: 'ms', baseline },
        goal: { atMost: 2 },
        rounds: rounds.map(({ ours, bare }) => ({ ours: ours.p99, baseline: bare.p99 })),
        details: { rounds, frameBytes: frame.length },
      },
      {
        ...{ id: 'P9 CPU', what: 'CPU of a delivery', unit: 'µs', baseline },
        goal: { atMost: 2.5 },
        rounds: rounds.map(({ ours, bare }) => ({ ours: ours.cpuMicros, baseline: bare.cpuMicros })),
      },
      {
        ...{ id: 'P9 memory', what: 'memory of a subscription that is idle', unit: 'KiB', baseline },
        goal: { atMost: 4 },
        rounds: memory,
      },
    ]
  },
}

/** When something was sent, and what the process had used since it was asked before, if this asked it. */
interface Sent {
  readonly at: number
  readonly cpuMicros: number
}

const now = () => performance.timeOrigin + performance.now()

async function rss(process: RunningProcess): Promise<number> {
  // The first answer is of the most that there was since it was asked before.
  await process.ask({})
  return ((await process.ask({})) as Watched).rssBytes
}
