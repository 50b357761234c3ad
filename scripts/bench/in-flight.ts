import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { wireId } from '@loqui/core/ids'
import { administer } from '@loqui/db/embedded-administer'
import { sql } from 'kysely'
import type { BenchDatabase } from './bench.ts'
import type { Measurement } from './goal.ts'
import { anotherWord, type Load } from './load.ts'
import { makeUsers } from './users.ts'

const run = promisify(execFile)

/** In flight at one time in one worker, each of which takes two seconds. */
const concurrency = 500
const perSecond = concurrency / 2
/** In a round, at full length: so many batches of what is in flight. While the first one begins and the last one ends it is less. */
const batches = 20
const users = 200
/** Of one generation. */
const segments = 10
const mostMegabytes = 400

const text = Array.from({ length: segments }, () => `Here is one more ${anotherWord} of this text.`).join('\n\n')

/**
 * P8 of the goals: how many segments a second one worker gets out of a provider that takes two seconds for each, with 500 in
 * flight, and in how much memory.
 *
 * **Ours** is a worker process as it runs for people, with `WORKER_CONCURRENCY=500`; only its engine is swapped for one
 * that waits two seconds. All around it is real and durable: each call is announced, accepted and ended in the journal, its
 * cost held and counted, and each segment stored, joined ten at a time, and settled. What a provider's HTTP takes is not in it.
 * Before a round the worker is paused and the generations are created through a real server, spread over 200 users; time is
 * what the rows say: from the first segment that is asked for to the last that is stored.
 *
 * **The baseline** is arithmetic: 500 in flight for two seconds each are 250 a second. Its memory is the most the process
 * had in the round, against 400 MB.
 *
 * Afterwards `report.violations()` must be empty.
 */
export const inFlight: Measurement = {
  ids: ['P8'],
  async run(bench) {
    const database = await bench.database()
    const { connectionString, db } = database
    await makeUsers(db, users)
    const preload = 'slow-engine.preload.ts'
    const server = await bench.startServer(connectionString, { preload })
    const load = await bench.startChild('load')
    const env = { WORKER_CONCURRENCY: String(concurrency) }
    const worker = await bench.startWorker(connectionString, { preload, env })
    const voice = await db.selectFrom('voice').select('id').where('available', '=', true).executeTakeFirstOrThrow()
    const input = { text, voiceId: wireId('voice', voice.id), format: 'wav' }

    const rates: number[] = []
    const megabytes: number[] = []
    for (let round = 0; round <= bench.rounds; round++) {
      const requests = Math.ceil((concurrency * batches * bench.scale) / segments)
      worker.pause()
      const order: Load = { port: server.port, connections: 16, requests, send: { kind: 'create', users, input } }
      await load.ask(order)
      await administer(connectionString, 'checkpoint')
      const since = new Date()
      worker.resume()
      const { rate, most } = await watch(database, worker.pid, since)
      bench.log(`  ${round === 0 ? 'warm-up' : `round ${round}`}: ${rate.toFixed(0)} segments/s, ${most.toFixed(0)} MB`)
      if (round === 0) continue
      rates.push(rate)
      megabytes.push(most)
    }
    await worker.end('SIGTERM')
    await server.end('SIGTERM')
    await database.assertSound()
    return [
      {
        id: 'P8',
        what: 'segments of a provider that takes 2 s, 500 in flight in one worker',
        unit: 'segments/s',
        baseline: '500 in 2 s',
        goal: { atLeast: 0.9 },
        rounds: rates.map((ours) => ({ ours, baseline: perSecond })),
      },
      {
        id: 'P8 memory',
        what: 'the most that this worker had in memory',
        unit: 'MB',
        baseline: 'what it may have',
        goal: { atMost: 1 },
        rounds: megabytes.map((ours) => ({ ours, baseline: mostMegabytes })),
      },
    ]
  },
}

/** Waits until nothing is open any more. @returns segments a second, and the most that the process had in memory, in MB. */
async function watch({ db }: BenchDatabase, pid: number, since: Date): Promise<{ rate: number; most: number }> {
  let most = 0
  for (;;) {
    most = Math.max(most, await residentMegabytes(pid))
    const { rows } = await sql<{ open: boolean }>`
      select exists (select from generation where state in ('queued', 'running')) as open
    `.execute(db)
    if (rows[0]?.open === false) break
    await delay(250)
  }
  const { rows } = await sql<{ stored: number; seconds: number; failed: number }>`
    select count(*)::integer as stored, extract(epoch from max(s.stored_at) - min(s.submitted_at))::float as seconds,
        (select count(*)::integer from generation where state <> 'succeeded') as failed
      from segment s where s.submitted_at > ${since}
  `.execute(db)
  const { stored = 0, seconds = 0, failed = 0 } = rows[0] ?? {}
  if (failed > 0) throw new Error(`${failed} generations did not succeed`)
  return { rate: stored / seconds, most }
}

async function residentMegabytes(pid: number): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) / 1_024
}
