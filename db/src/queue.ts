import { sql } from 'kysely'
import type { ClientBase, Pool } from 'pg'
import { type Job as BossJob, PgBoss } from 'pg-boss'
import { createBatcher } from './batch.ts'
import { createDb, createPool, type Db, prepareConnection, type Trx } from './client.ts'
import { inOneGo } from './in-one-go.ts'

/** A kind of work: its name on the queue and the shape of what it carries. */
export interface JobDefinition<Data extends object> {
  readonly name: string
  /** Two live jobs of one kind never have the same key: enqueueing the second does nothing. */
  readonly key: (data: Data) => string
}

export function defineJob<Data extends object>(job: JobDefinition<Data>): JobDefinition<Data> {
  return job
}

export interface EnqueueOptions {
  /** Jobs of one group share the group's limit in `work`: a user id. */
  readonly group: string
  /** Names the group's limit among those of `work`: a plan id. */
  readonly tier: string
  /** Jobs with lower numbers are taken first. Below 2^31. */
  readonly turn: number
}

export interface WorkOptions {
  /** Jobs this process runs at once. */
  readonly concurrency: number
  /** Jobs of one group that run at once, over all processes, whatever its tier. */
  readonly groupConcurrency: number
  /** Looked up every second: jobs of one group that run at once, by tier. A job of another has `groupConcurrency`. */
  readonly tiers?: (db: Db) => Promise<Readonly<Record<string, number>>>
  /** Told of a handler that threw; its job will run again. */
  readonly onError: (error: unknown) => void
}

/** A running fetch loop. */
export interface Work {
  /** Looks for jobs now instead of at the next poll. */
  wake(): void
  /** Takes no more jobs and waits for those in hand; after `graceMs` their signals abort and they go back to the queue. */
  stop(graceMs: number): Promise<void>
}

export interface Queue {
  /** Puts a job on the queue when `trx` commits, and never when it does not. */
  enqueue<Data extends object>(trx: Trx, job: JobDefinition<Data>, data: Data, options: EnqueueOptions): Promise<void>
  /** Moves the waiting jobs of a group to another tier. */
  moveGroup(trx: Trx, group: string, tier: string): Promise<void>
  work<Data extends object>(
    job: JobDefinition<Data>,
    options: WorkOptions,
    handler: (data: Data, signal: AbortSignal) => Promise<void>,
  ): Work
  close(): Promise<void>
}

/** A worker that has not said a word for this long is dead, and its jobs run elsewhere. 10 is the least pg-boss takes. */
const heartbeatSeconds = 10
const touchMs = 2_000
/** A lost hint costs at most this much. */
const pollMs = 500
/** A plan that changes is felt after at most this much. */
const tiersMs = 1_000

const queueOptions = {
  policy: 'exclusive',
  heartbeatSeconds,
  // Our own count in the generation decides when to stop trying; the queue only redelivers.
  retryLimit: 1_000_000,
  retryDelay: 0,
  expireInSeconds: 23 * 3600,
  retentionSeconds: 14 * 24 * 3600,
  deleteAfterSeconds: 3600,
} as const

/** Makes the queue's own tables. */
export async function migrateQueue(connectionString: string): Promise<void> {
  const boss = new PgBoss({ connectionString, max: 2, supervise: false, schedule: false })
  const errors: unknown[] = []
  boss.on('error', (error) => errors.push(error))
  await boss.start()
  await boss.stop({ graceful: false })
  if (errors.length > 0) throw new AggregateError(errors, 'the queue could not be migrated')
}

/**
 * Opens pg-boss. Four of its ways are worked around here and nowhere else:
 * its `send()` is a round trip of its own, so `functions/queue.sql` writes the same row from within the database;
 * its `work()` drains a backlog at the pace of its poll (2 jobs a second and worker), so jobs are fetched by our own loop;
 * its `groupConcurrency` is exceeded by concurrent fetches, so fetches of one queue take turns under a lock;
 * its completion is not fenced for plain ids, so jobs are settled by the fetched attempt, and nothing that matters
 * depends on it: a generation is fenced by its own attempt token.
 *
 * What it says of jobs commits without waiting for the disk: a fetch or a completion that a crash of the database forgets
 * makes a job run once more, which it must bear anyway.
 *
 * @param jobs every kind of job there is; their queues are made when they are missing.
 * @param options.supervise whether this process looks for jobs whose worker died; workers do, servers need not.
 */
export async function openQueue(
  jobs: readonly { readonly name: string }[],
  options: {
    readonly connectionString: string
    readonly supervise: boolean
    /** Told of queries that failed; they are made again. */
    readonly onError: (error: unknown) => void
  },
): Promise<Queue> {
  const boss = new PgBoss({
    // Its upkeep sends several statements at once and wants the rows of each, which Kysely does not give.
    connectionString: options.connectionString,
    application_name: 'loqui queue',
    max: 4,
    connectionTimeoutMillis: 8_000,
    migrate: false,
    schedule: false,
    supervise: options.supervise,
    monitorIntervalSeconds: 1,
    superviseIntervalSeconds: 1,
    // Goes through to its pool, and is missing in its types.
    ...{ onConnect: (client: ClientBase) => prepareConnection(client, { commit: 'soon' }) },
  })
  boss.on('error', options.onError)
  await boss.start()
  for (const { name } of jobs) await boss.createQueue(name, queueOptions)
  const db = createDb({ ...options, max: 2, commit: 'soon' })
  const fetching = createPool({ ...options, max: jobs.length, commit: 'soon' })
  return {
    async enqueue(trx, job, data, { group, tier, turn }) {
      await sql`
        select queue_put(${job.name}, ${JSON.stringify(data)}::jsonb, ${job.key(data)}, ${group}, ${tier}, ${turn})
      `.execute(trx)
    },
    async moveGroup(trx, group, tier) {
      await sql`
        update pgboss.job set group_tier = ${tier} where group_id = ${group} and state < 'active' and group_tier <> ${tier}
      `.execute(trx)
    },
    work: (job, workOptions, handler) =>
      startWork({ db, fetching, boss }, job.name, { ...workOptions, onStumble: options.onError }, handler),
    async close() {
      await boss.stop({ graceful: false })
      await fetching.end()
      await db.destroy()
    },
  }
}

function startWork<Data extends object>(
  { db, fetching, boss }: { readonly db: Db; readonly fetching: Pool; readonly boss: PgBoss },
  name: string,
  options: WorkOptions & { readonly onStumble: (error: unknown) => void },
  handler: (data: Data, signal: AbortSignal) => Promise<void>,
): Work {
  const held = new Set<{ job: BossJob<Data>; abort: AbortController; done: Promise<void> }>()
  /** Jobs whose handler has ended: being told meanwhile that they are settled is no loss of them. */
  const ended = new WeakSet<BossJob<Data>>()
  let latestTurn = -1
  let stopping = false
  let wake = Promise.withResolvers<void>()

  const tiers = cached(tiersMs, () => tiersWithin(db, options))

  const fetch = async (batchSize: number) => {
    const groupConcurrency = { default: options.groupConcurrency, tiers: await tiers() }
    return inOneGo(fetching, { lockClass: 'queue', key: name }, (executeSql) =>
      boss.fetch<Data>(name, { batchSize, groupConcurrency, includeMetadata: true, db: { executeSql } }),
    )
  }

  /** Whoever comes now takes a turn after those, and not behind all that others have lined up. */
  const advance = (jobs: readonly { priority: number }[]) => {
    const turn = Math.max(-1, ...jobs.map(({ priority }) => -priority))
    if (turn <= latestTurn) return
    latestTurn = turn
    sql`select setval('work_turn', greatest(${turn}, last_value)) from work_turn`.execute(db).catch(options.onStumble)
  }

  const complete = createBatcher(async (jobs: readonly BossJob<Data>[]) => {
    await boss.complete(name, [...jobs])
    return jobs
  }, 100)

  const run = async (job: BossJob<Data>, signal: AbortSignal) => {
    try {
      await handler(job.data, signal)
      ended.add(job)
      await complete(job)
    } catch (error) {
      if (ended.has(job)) options.onStumble(error)
      else if (!signal.aborted) options.onError(error)
      await boss.fail(name, job).catch(options.onStumble)
    }
  }

  const start = (job: BossJob<Data>) => {
    // After a silence of ours the job was given on, and it can be to ourselves.
    for (const earlier of held) if (earlier.job.id === job.id) earlier.abort.abort(givenOn())
    const abort = new AbortController()
    const attempt = { job, abort, done: run(job, abort.signal) }
    held.add(attempt)
    void attempt.done.then(() => {
      held.delete(attempt)
      wake.resolve()
    })
  }

  const touch = async () => {
    // Of two attempts at one job the later one, which is the one that counts.
    const touched = new Map([...held].map((attempt) => [attempt.job.id, attempt]))
    if (touched.size === 0) return
    const ours = settledIds(
      await boss.touch(
        name,
        [...touched.values()].map(({ job }) => job),
      ),
    )
    for (const [id, { job, abort }] of touched) if (!ours.has(id) && !ended.has(job)) abort.abort(givenOn())
  }

  const loop = async () => {
    while (!stopping) {
      let free = options.concurrency - held.size
      while (free > 0 && !stopping) {
        const jobs = await fetch(free)
        jobs.forEach(start)
        advance(jobs)
        free -= jobs.length
        // A group at its limit makes a fetch come back short with more to fetch: only an empty one is the end.
        if (jobs.length === 0) break
      }
      await Promise.race([wake.promise, pause(pollMs)])
      wake = Promise.withResolvers<void>()
    }
  }

  const running = (async () => {
    while (!stopping) {
      await loop().catch(async (error) => {
        options.onStumble(error)
        await pause(pollMs)
      })
    }
  })()
  const heartbeat = setInterval(() => void touch().catch(options.onStumble), touchMs)

  return {
    wake: () => wake.resolve(),
    async stop(graceMs) {
      stopping = true
      wake.resolve()
      await running
      const all = Promise.all([...held].map(({ done }) => done))
      await Promise.race([all, pause(graceMs)])
      for (const { abort } of held) abort.abort(new Error('the worker is stopping'))
      await all
      clearInterval(heartbeat)
    },
  }
}

/** The tiers' limits, none of them above what a group may have here at most. */
async function tiersWithin(db: Db, { tiers, groupConcurrency }: WorkOptions): Promise<Record<string, number>> {
  const limits = Object.entries((await tiers?.(db)) ?? {})
  return Object.fromEntries(limits.map(([tier, limit]) => [tier, Math.min(limit, groupConcurrency)]))
}

/** Answers what was read at most `ms` ago. */
function cached<Value>(ms: number, read: () => Promise<Value>): () => Promise<Value> {
  let last: { readonly value: Value; readonly at: number } | undefined
  return async () => {
    if (!last || performance.now() - last.at > ms) last = { value: await read(), at: performance.now() }
    return last.value
  }
}

const givenOn = () => new Error('the job was given to another worker')

/** Which attempts a command still found to be the current ones. pg-boss answers it and leaves it out of its types. */
const settledIds = (response: object) => new Set((response as { settled: string[] }).settled)

/** A timer that keeps no process alive by itself. */
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())
