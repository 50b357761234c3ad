import { setTimeout as delay } from 'node:timers/promises'
import { wireId } from '@loqui/core/ids'
import { jobs as generationJobs } from '@loqui/core/jobs'
import { administer } from '@loqui/db/embedded-administer'
import { sql } from 'kysely'
import type { BenchDatabase } from './bench.ts'
import type { Drain } from './boss.child.ts'
import type { Measurement } from './goal.ts'
import { anotherWord, type Load } from './load.ts'
import { interleave } from './rounds.ts'
import { makeUsers } from './users.ts'

/** In a turn, at full length. */
const generations = 2_000
const jobs = 20_000
const users = 200
/** Of the baseline. */
const queue = 'bench.drain'

/**
 * P7 of the goals: generations per second through one worker process, from the claim of the first to the settlement of the
 * last, against pg-boss fetching and completing jobs.
 *
 * **Ours** is a worker process as it runs for people; only the speaking of its engine is swapped for a tenth of a second of
 * silence that takes no time. Everything else is real and durable: the queue's fetch, lease, claim, segments, objects on disk,
 * joining in a thread, the ledger, events, completion. Before a turn the worker is paused (SIGSTOP) and the generations are
 * created through a real server, spread over 200 users; then it goes on. Time is what the rows say: from the first
 * `started_at` to the last `finished_at`.
 *
 * **The baseline** is one process with pg-boss alone, which fetches 50 jobs, completes them in one statement and does it
 * again: what the queue under ours can do at most when there is nothing to be done. Its queue has the options of ours, and the
 * jobs on it are written as ours are, with a user's group and a turn, because what a job carries decides what it costs.
 *
 * Afterwards `report.violations()` must be empty.
 */
export const throughput: Measurement = {
  ids: ['P7'],
  async run(bench) {
    const database = await bench.database()
    const { connectionString, db } = database
    await makeUsers(db, users)
    const server = await bench.startServer(connectionString)
    const load = await bench.startChild('load')
    const worker = await bench.startWorker(connectionString, { preload: 'instant-engine.preload.ts' })
    const like = generationJobs.runGeneration.name
    const boss = await bench.startChild('boss', { DATABASE_URL: connectionString, QUEUE: queue, QUEUE_LIKE: like })
    const voice = await db.selectFrom('voice').select('id').where('available', '=', true).executeTakeFirstOrThrow()
    // Each is another text, or what was spoken first would answer.
    const input = { text: `${anotherWord}.`, voiceId: wireId('voice', voice.id), format: 'wav' }

    const rounds = await interleave(bench, {
      async ours() {
        worker.pause()
        const requests = Math.round(generations * bench.scale)
        const order: Load = { port: server.port, connections: 16, requests, send: { kind: 'create', users, input } }
        await load.ask(order)
        await administer(connectionString, 'checkpoint')
        const { now: since } = await now(database)
        worker.resume()
        return settled(database, since, requests)
      },
      async baseline() {
        const order: Drain = { jobs: Math.round(jobs * bench.scale), batchSize: 50 }
        await sql`
          select queue_put(${queue}, jsonb_build_object('generationId', id), id::text, 'user ' || n % ${users}::int, 'bench', n)
            from (select n, gen_random_uuid() as id from generate_series(1, ${order.jobs}::int) n) job
        `.execute(db)
        await administer(connectionString, 'checkpoint')
        return ((await boss.ask(order)) as { perSecond: number }).perSecond
      },
    })
    await worker.end('SIGTERM')
    await server.end('SIGTERM')
    await boss.end('SIGTERM')
    await database.assertSound()
    return [
      {
        id: 'P7',
        what: 'trivial generations through one worker, claim to settle',
        unit: 'generations/s',
        baseline: 'pg-boss alone, batches of 50',
        goal: { atLeast: 0.15 },
        rounds,
      },
    ]
  },
}

async function now({ db }: BenchDatabase): Promise<{ now: Date }> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database has no clock')
  return row
}

/** Waits until nothing is open any more. @returns generations per second, of those that began after `since`. */
async function settled({ db }: BenchDatabase, since: Date, expected: number): Promise<number> {
  for (;;) {
    const { rows } = await sql<{ open: boolean }>`
      select exists (select from generation where state in ('queued', 'running')) as open
    `.execute(db)
    if (rows[0]?.open === false) break
    await delay(100)
  }
  const { rows } = await sql<{ succeeded: number; seconds: number }>`
    select count(*) as succeeded, extract(epoch from max(finished_at) - min(started_at))::float as seconds
      from generation where state = 'succeeded' and started_at > ${since}
  `.execute(db)
  const { succeeded = 0, seconds = 0 } = rows[0] ?? {}
  if (succeeded !== expected) throw new Error(`${succeeded} generations succeeded of ${expected}`)
  return succeeded / seconds
}
