import { setTimeout as delay } from 'node:timers/promises'
import { newId } from '@loqui/core/ids'
import { jobs } from '@loqui/core/jobs'
import { createHints } from '@loqui/db/hint'
import type { RunningProcess } from '@loqui/process/testing'
import { Logger, makeWorkerUtils } from 'graphile-worker'
import { sql } from 'kysely'
import type { Measurement } from './goal.ts'
import { now } from './now.ts'
import { interleave } from './rounds.ts'
import { quantile } from './statistics.ts'

/** Jobs of one turn. */
const count = 100
/** The pause between two jobs, in milliseconds: random, so that no poll falls in step with them. */
const pause = { least: 20, most: 60 }

/**
 * P6 of the goals: from the call that enqueues to the first line of the work, on idle processes.
 *
 * **Ours** is a worker process as it runs for people, its listener, queue and polls included; only what runs a generation
 * is swapped for something that says when it was called. Jobs are enqueued from another process as `generations.create`
 * does: `queue_put` within one statement, which is its own transaction, and a hint after it.
 *
 * **The baseline** is graphile-worker as its manual says, known for starting work soon: `addJob` from one process, `run`
 * with the same concurrency in another, on the same database at the same time.
 *
 * One job at a time. The clock is the machine's monotonic one, which both processes read.
 */
export const startLatency: Measurement = {
  ids: ['P6'],
  async run(bench) {
    const { connectionString, db } = await bench.database()
    const onError = (error: unknown) => bench.log(`  ${error}`)
    await using cleanup = new AsyncDisposableStack()

    const hints = createHints(db, onError)
    const job = jobs.runGeneration
    const enqueue = async () => {
      const data = { generationId: newId() }
      await sql`
        select queue_put(${job.name}, ${JSON.stringify(data)}::jsonb, ${job.key(data)}, 'bench', 'unlimited', 0)
      `.execute(db)
      hints.hint('work', job.name)
    }
    const worker = await bench.startWorker(connectionString, { preload: 'start-probe.preload.ts' })

    const graphile = await bench.startChild('graphile', { DATABASE_URL: connectionString })
    const utils = await makeWorkerUtils({ connectionString, logger: new Logger(() => () => undefined) })
    cleanup.defer(async () => utils.release())
    const addJob = async () => void (await utils.addJob('probe', {}))

    const measure = (process: RunningProcess, enqueue: () => Promise<void>) => async () => {
      const latencies: number[] = []
      for (let index = 0; index < count * bench.scale; index++) {
        await delay(pause.least + Math.random() * (pause.most - pause.least))
        const begun = process.ask({})
        const at = now()
        await enqueue()
        latencies.push(((await begun) as { startedAt: number }).startedAt - at)
      }
      return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
    }
    const rounds = await interleave(bench, { ours: measure(worker, enqueue), baseline: measure(graphile, addJob) })
    await worker.end('SIGTERM')
    await graphile.end('SIGTERM')
    return (['p50', 'p99'] as const).map((rank) => ({
      id: `P6 ${rank}`,
      what: 'enqueue to start of work, idle',
      unit: 'ms',
      baseline: 'graphile-worker',
      goal: { atMost: 1 },
      rounds: rounds.map(({ ours, baseline }) => ({ ours: ours[rank], baseline: baseline[rank] })),
    }))
  },
}
