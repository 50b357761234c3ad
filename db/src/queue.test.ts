import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { sql } from 'kysely'
import { PgBoss } from 'pg-boss'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createDb } from './client.ts'
import { type JobDefinition, openQueue, type WorkOptions } from './queue.ts'
import { generation, type LedgerAccount, newAccount, newGeneration } from './testing/ledger.ts'
import { openProxy } from './testing/proxy.ts'
import { testDatabase } from './testing.ts'
import { transaction } from './transaction.ts'

const { db, owner, connectionString } = await testDatabase()

interface Data {
  readonly key: string
}

const someone = { group: 'someone', tier: 'any', turn: 0 }

let jobCount = 0
/** A kind of job of the test's own, so that no test takes another's. */
function newJob(): JobDefinition<Data> {
  jobCount++
  return { name: `test.job${jobCount}`, key: ({ key }) => key }
}

async function open(
  job: JobDefinition<Data>,
  { supervise = false, afterwards = onTestFinished }: { supervise?: boolean; afterwards?: typeof onTestFinished } = {},
) {
  const errors: unknown[] = []
  const queue = await openQueue([job], { connectionString, supervise, onError: (error) => errors.push(error) })
  afterwards(() => queue.close())
  return {
    errors,
    put: (key: string, group = 'someone', tier = 'any') =>
      transaction(db, (trx) => queue.enqueue(trx, job, { key }, { ...someone, group, tier })),
    move: (group: string, tier: string) => transaction(db, (trx) => queue.moveGroup(trx, group, tier)),
    enqueue: queue.enqueue,
    work(handler: (data: Data, signal: AbortSignal) => Promise<void>, options: Partial<WorkOptions> = {}) {
      const work = queue.work(
        job,
        { concurrency: 4, groupConcurrency: 100, onError: (error) => errors.push(error), ...options },
        handler,
      )
      afterwards(() => work.stop(0))
      return work
    },
  }
}

/** How many jobs of a kind are in each state. */
async function states({ name }: JobDefinition<Data>): Promise<Record<string, number>> {
  const { rows } = await sql<{ state: string; count: number }>`
    select state::text, count(*) from pgboss.job where name = ${name} group by state
  `.execute(db)
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

/** A handler that ends when told, or with its signal. */
function gate() {
  const started: string[] = []
  const aborted: string[] = []
  const doors = new Map<string, () => void>()
  let most = 0
  return {
    started,
    aborted,
    get most() {
      return most
    },
    get inHand() {
      return [...doors.keys()]
    },
    release: (key: string) => doors.get(key)?.(),
    handler: async ({ key }: Data, signal: AbortSignal) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      started.push(key)
      doors.set(key, resolve)
      most = Math.max(most, doors.size)
      signal.addEventListener('abort', () => {
        aborted.push(key)
        reject(signal.reason)
      })
      try {
        await promise
      } finally {
        doors.delete(key)
      }
    },
  }
}

/** Makes the first attempt at a job seem silent for a minute until `seen`: as if its process had hung, or its network. */
function silence({ name }: JobDefinition<Data>, seen: () => boolean): Promise<void> {
  return vi.waitFor(
    async () => {
      await sql`update pgboss.job set heartbeat_on = now() - interval '1 minute'
        where name = ${name} and state = 'active' and retry_count = 0`.execute(db)
      expect(seen()).toBe(true)
    },
    { timeout: 10_000 },
  )
}

async function lastTold({ name }: JobDefinition<Data>): Promise<number> {
  const { rows } = await sql<{ at: Date }>`select heartbeat_on as at from pgboss.job where name = ${name}`.execute(db)
  return rows[0]!.at.getTime()
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))

describe('enqueue', () => {
  test('a job exists when its transaction commits, and not before', async () => {
    const job = newJob()
    const { enqueue } = await open(job)
    await transaction(db, async (trx) => {
      await enqueue(trx, job, { key: 'a' }, someone)
      expect(await states(job)).toEqual({})
    })
    expect(await states(job)).toEqual({ created: 1 })
  })

  test('a job whose transaction fails never was', async () => {
    const job = newJob()
    const { enqueue } = await open(job)
    const failing = transaction(db, async (trx) => {
      await enqueue(trx, job, { key: 'a' }, someone)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await states(job)).toEqual({})
  })

  test('of one key there is one job while it waits and while it runs, and again one after it ended', async () => {
    const job = newJob()
    const { put, work } = await open(job)
    await Promise.all(numbers(8).map(() => put('a')))
    expect(await states(job)).toEqual({ created: 1 })

    const { started, release, handler } = gate()
    const { wake } = work(handler)
    await expect.poll(() => started).toEqual(['a'])
    await put('a')
    expect(await states(job)).toEqual({ active: 1 })

    release('a')
    await expect.poll(() => states(job)).toEqual({ completed: 1 })
    await put('a')
    wake()
    await expect.poll(() => started).toEqual(['a', 'a'])
    release('a')
  })

  test('writes the very row that pg-boss would', async () => {
    const job = newJob()
    const { enqueue } = await open(job)
    const boss = new PgBoss({ connectionString, supervise: false, schedule: false, migrate: false })
    boss.on('error', (error) => expect.unreachable(error.message))
    await boss.start()
    onTestFinished(() => boss.stop({ graceful: false }))
    await boss.send(
      job.name,
      { key: 'same' },
      { singletonKey: 'theirs', group: { id: 'group', tier: 'tier' }, priority: -7 },
    )
    await transaction(db, (trx) =>
      enqueue(trx, { ...job, key: () => 'ours' }, { key: 'same' }, { group: 'group', tier: 'tier', turn: 7 }),
    )
    const { rows } = await sql<{ key: string; row: Record<string, unknown> }>`
      select singleton_key as key, to_jsonb(j) - '{id,singleton_key,created_on,start_after,keep_until}'::text[]
          || jsonb_build_object('starts', (start_after - created_on)::text,
            'kept', date_trunc('second', keep_until - created_on)::text) as row
        from pgboss.job j where name = ${job.name}
    `.execute(db)
    const [ours, theirs] = ['ours', 'theirs'].map((wanted) => rows.find(({ key }) => key === wanted)?.row)
    expect(ours).toMatchObject({ policy: 'exclusive', data: { key: 'same' }, priority: -7, group_id: 'group' })
    expect(ours).toEqual(theirs)
  })

  test('two processes may open the same new queue at once', async () => {
    const job = newJob()
    const [one, two] = await Promise.all([open(job), open(job)])
    await Promise.all([one.put('a'), two.put('b')])
    expect(await states(job)).toEqual({ created: 2 })
  })
})

describe('work', () => {
  test('a backlog is drained at the pace of the work and not of the poll', async () => {
    const job = newJob()
    const { put, work, errors } = await open(job)
    for (const key of numbers(60)) await put(key)
    const done = new Set<string>()
    const started = performance.now()
    work(async ({ key }) => void done.add(key))
    await expect.poll(() => done.size, { timeout: 10_000 }).toBe(60)
    // At one job per slot and poll it would take 7.5 s.
    expect(performance.now() - started).toBeLessThan(4_000)
    await expect.poll(() => states(job)).toEqual({ completed: 60 })
    expect(errors).toEqual([])
  })

  test('a wake is not missed, whenever it comes', async () => {
    const job = newJob()
    const { put, work } = await open(job)
    const done: string[] = []
    const { wake } = work(async ({ key }) => void done.push(key))
    const waits: number[] = []
    for (const key of numbers(10)) {
      await put(key)
      const started = performance.now()
      wake()
      await vi.waitFor(() => expect(done).toContain(key), { interval: 5 })
      waits.push(performance.now() - started)
    }
    // Had every other one waited for the poll, the middle one would have taken up to 500 ms.
    expect(waits.sort((a, b) => a - b)[5]).toBeLessThan(250)
  })

  test('no more jobs run at once than there is room for', async () => {
    const job = newJob()
    const { put, work } = await open(job)
    for (const key of numbers(9)) await put(key)
    const jobs = gate()
    work(jobs.handler, { concurrency: 3 })
    for (let done = 0; done < 9; done++) {
      await expect.poll(() => jobs.inHand.length).toBe(Math.min(3, 9 - done))
      jobs.release(jobs.inHand[0]!)
      await expect.poll(() => jobs.inHand.length + jobs.started.length).toBeGreaterThan(done)
    }
    await expect.poll(() => states(job)).toEqual({ completed: 9 })
    expect(jobs.most).toBe(3)
  })

  test('a group keeps to its limit over all processes, and its backlog is in nobody else’s way', async () => {
    const job = newJob()
    const [one, two] = [await open(job), await open(job)]
    for (const key of numbers(40)) await one.put(`noisy ${key}`, 'noisy')
    const [noisy, quiet] = [gate(), gate()]
    const handler = (data: Data, signal: AbortSignal) =>
      (data.key.startsWith('noisy') ? noisy : quiet).handler(data, signal)
    const loops = [one, two].map(({ work }) => work(handler, { concurrency: 6, groupConcurrency: 2 }))
    await expect.poll(() => noisy.inHand.length).toBe(2)

    await two.put('quiet', 'quiet')
    for (const { wake } of loops) wake()
    await expect.poll(() => quiet.inHand).toEqual(['quiet'])
    quiet.release('quiet')

    for (let done = 0; done < 40; done++) {
      await expect.poll(() => noisy.inHand.length, { interval: 5 }).toBe(Math.min(2, 40 - done))
      const [next] = noisy.inHand
      noisy.release(next!)
      await expect.poll(() => noisy.inHand, { interval: 5 }).not.toContain(next)
    }
    await expect.poll(() => states(job)).toEqual({ completed: 41 })
    expect(noisy.most).toBe(2)
  })

  test('what waits behind a group at its limit is taken in the same moment', async () => {
    const job = newJob()
    const { put, work } = await open(job)
    for (const key of numbers(20)) await put(`noisy ${key}`, 'noisy')
    await put('quiet', 'quiet')
    const starts = new Map<string, number>()
    const end = Promise.withResolvers<void>()
    work(
      async ({ key }) => {
        starts.set(key, performance.now())
        await end.promise
      },
      { concurrency: 6, groupConcurrency: 2 },
    )
    await expect
      .poll(() => [...starts.keys()].toSorted().map((key) => key.split(' ')[0]))
      .toEqual(['noisy', 'noisy', 'quiet'])
    const [first, , last] = [...starts.values()].toSorted((a, b) => a - b)
    end.resolve()
    // Not with the next poll, half a second later.
    expect(last! - first!).toBeLessThan(400)
  })

  test('the limit of a group is that of its tier, over all processes, and follows it to another', async () => {
    const job = newJob()
    const [one, two] = [await open(job), await open(job)]
    for (const key of numbers(12)) await one.put(key, 'grows', 'small')
    for (const key of numbers(3)) await one.put(`wide ${key}`, 'other', 'unknown')
    const [grows, other] = [gate(), gate()]
    const tiers = async () => ({ small: 2, large: 5, huge: 1_000 })
    const loops = [one, two].map(({ work }) =>
      work((data, signal) => (data.key.startsWith('wide') ? other : grows).handler(data, signal), {
        concurrency: 12,
        groupConcurrency: 8,
        tiers,
      }),
    )
    const wake = () => loops.forEach((loop) => void loop.wake())
    await expect.poll(() => [grows.inHand.length, other.inHand.length]).toEqual([2, 3])

    await two.move('grows', 'large')
    wake()
    await expect.poll(() => grows.inHand.length).toBe(5)
    await two.move('grows', 'small')
    for (const key of grows.inHand.slice(0, 3)) grows.release(key)
    await expect.poll(() => states(job)).toEqual({ completed: 3, active: 5, created: 7 })
    wake()
    for (let done = 3; done < 5; done++) {
      expect(grows.started).toHaveLength(done + 2)
      grows.release(grows.inHand[0]!)
      await expect.poll(() => grows.started.length).toBe(done + 3)
    }
    // A plan may be generous: what this process may give to one group stands above it.
    await two.move('grows', 'huge')
    wake()
    await expect.poll(() => grows.inHand.length).toBe(7)
    expect(grows.most).toBe(7)
  })

  test('a job whose handler fails runs again, and the failure is told', async () => {
    const job = newJob()
    const { put, work, errors } = await open(job)
    await put('a')
    const tries: string[] = []
    work(async ({ key }) => {
      tries.push(key)
      if (tries.length < 3) throw new Error(`try ${tries.length}`)
    })
    await expect.poll(() => states(job), { timeout: 5_000 }).toEqual({ completed: 1 })
    expect(tries).toEqual(['a', 'a', 'a'])
    expect(errors).toEqual([new Error('try 1'), new Error('try 2')])
  })

  test('the loop goes on after the database ended its connections', async () => {
    const job = newJob()
    const { put, work } = await open(job)
    const done: string[] = []
    work(async ({ key }) => void done.push(key))
    await put('before')
    await expect.poll(() => states(job)).toEqual({ completed: 1 })
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(owner)
    await vi.waitFor(() => put('after'), 5_000)
    await expect.poll(() => done, { timeout: 5_000 }).toEqual(['before', 'after'])
  })
})

describe('users', () => {
  /** Puts generations of somebody on the queue, through the ledger that gives them their turns. */
  const generate = async (job: JobDefinition<Data>, account: LedgerAccount, count: number) => {
    for (let made = 0; made < count; made += 10) {
      const some = Array.from({ length: Math.min(10, count - made) }, () =>
        newGeneration(db, account, { reservedMs: 1, job: job.name }),
      )
      expect(await Promise.all(some)).not.toContain(undefined)
    }
  }

  /** A worker that runs one job after another, as many as it is told to. Whose they were is in `order`. */
  async function slowWorker() {
    const job = newJob()
    const { work, errors } = await open(job)
    const order: string[] = []
    let allowed = 0
    let changed = Promise.withResolvers<void>()
    return {
      job,
      order,
      errors,
      start: () =>
        work(
          async (data, signal) => {
            const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
            while (order.length >= allowed && !signal.aborted) await Promise.race([changed.promise, aborted])
            signal.throwIfAborted()
            const { generationId } = data as unknown as { generationId: string }
            order.push((await generation(db, generationId)).user_id)
          },
          { concurrency: 1 },
        ),
      async next(count: number) {
        allowed += count
        changed.resolve()
        changed = Promise.withResolvers()
        await expect.poll(() => order.length, { timeout: 15_000 }).toBe(allowed)
      },
    }
  }

  test('take turns, however many one of them has waiting', async () => {
    const { job, order, errors, start, next } = await slowWorker()
    const [many, one, late] = [await newAccount(db), await newAccount(db), await newAccount(db)]
    await generate(job, many, 1_000)
    await generate(job, one, 1)
    start()
    await next(2)
    expect(order).toEqual([many.userId, one.userId])
    await next(20)
    await generate(job, late, 3)
    await next(8)
    const turns = order.slice(22).map((userId) => (userId === late.userId ? 'late' : 'many'))
    // One may have been in hand already, and another have the turn that the first late one has.
    expect(turns.join(' ')).toMatch(/^(many ){0,2}late many late many late( many)+$/)
    expect(errors).toEqual([])
  })

  test('who all have much to do get the same', async () => {
    const { job, order, start, next } = await slowWorker()
    const accounts = [await newAccount(db), await newAccount(db), await newAccount(db)]
    for (const account of accounts) await generate(job, account, 12)
    start()
    await next(36)
    for (let turn = 0; turn < 12; turn++) {
      expect(new Set(order.slice(turn * 3, turn * 3 + 3)).size).toBe(3)
    }
  })

  test('who rested have saved up nothing', async () => {
    const { job, order, start, next } = await slowWorker()
    const [busy, rested] = [await newAccount(db), await newAccount(db)]
    await generate(job, rested, 1)
    await generate(job, busy, 30)
    start()
    await next(20)
    await generate(job, rested, 10)
    await next(12)
    const recent = order.slice(20).filter((userId) => userId === rested.userId).length
    expect(recent).toBeGreaterThanOrEqual(5)
    expect(recent).toBeLessThanOrEqual(6)
  })
})

test('a network that breaks and comes back costs neither the process nor a job', { timeout: 30_000 }, async () => {
  const job = newJob()
  const errors: unknown[] = []
  const failures: unknown[] = []
  let proxy = await openProxy(connectionString)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  const port = Number(new URL(proxy.connectionString).port)
  const own = createDb({ connectionString: proxy.connectionString, onError: (error) => errors.push(error) })
  const queue = await openQueue([job], {
    connectionString: proxy.connectionString,
    supervise: true,
    onError: (error) => errors.push(error),
  })
  const done = new Set<string>()
  const work = queue.work(
    job,
    { concurrency: 4, groupConcurrency: 100, onError: (error) => failures.push(error) },
    async ({ key }) => {
      await sql`select pg_sleep(0.02)`.execute(own)
      done.add(key)
    },
  )
  const put = (key: string) => transaction(own, (trx) => queue.enqueue(trx, job, { key }, someone))
  for (let round = 0; round < 4; round++) {
    for (let count = 0; count < 10; count++) await vi.waitFor(() => put(`${round} ${count}`), 5_000)
    // One that is in hand when it breaks comes back when its heartbeat is missed, which another test waits for.
    await expect.poll(() => done.size, { timeout: 10_000 }).toBe(10 * (round + 1))
    await proxy[Symbol.asyncDispose]()
    proxy = await openProxy(connectionString, { port })
  }
  expect(errors.length).toBeGreaterThan(0)
  // It was no job's fault.
  expect(failures).toEqual([])
  await work.stop(1_000)
  await queue.close()
  await own.destroy()
})

describe('stop', () => {
  test('takes no more jobs and lets those in hand end', async () => {
    const job = newJob()
    const { put, work } = await open(job)
    const jobs = gate()
    const { stop } = work(jobs.handler, { concurrency: 1 })
    await put('a')
    await put('b')
    await expect.poll(() => jobs.inHand).toEqual(['a'])
    const stopped = stop(10_000)
    jobs.release('a')
    await stopped
    expect(jobs.aborted).toEqual([])
    expect(await states(job)).toEqual({ completed: 1, created: 1 })
  })

  test('hands back what does not end in time, for another process to take at once', async () => {
    const job = newJob()
    const [one, two] = [await open(job), await open(job)]
    const [first, second] = [gate(), gate()]
    const { stop } = one.work(first.handler)
    await one.put('a')
    await expect.poll(() => first.inHand).toEqual(['a'])
    await stop(0)
    expect(first.aborted).toEqual(['a'])
    expect(one.errors).toEqual([])
    two.work(second.handler)
    await expect.poll(() => second.inHand).toEqual(['a'])
    second.release('a')
  })
})

describe.concurrent('a worker that is gone', () => {
  test('has its job taken by another within 15 seconds of being killed', { timeout: 30_000 }, async ({
    expect,
    onTestFinished: afterwards,
  }) => {
    const job = newJob()
    const { put, work } = await open(job, { supervise: true, afterwards })
    const worker = fork(join(import.meta.dirname, 'testing/hanging-worker.ts'), [connectionString, job.name])
    afterwards(() => void worker.kill('SIGKILL'))
    await put('a')
    const [message] = await once(worker, 'message')
    expect(message).toEqual({ working: 'a' })
    const { started, release, handler } = gate()
    work(handler)
    worker.kill('SIGKILL')
    await once(worker, 'exit')
    const killed = performance.now()
    await expect.poll(() => started, { timeout: 20_000 }).toEqual(['a'])
    expect(performance.now() - killed).toBeLessThan(15_000)
    release('a')
    await expect.poll(() => states(job)).toEqual({ completed: 1 })
  })

  test('is told to leave its job when it turns out to be alive, and cannot end it for its successor', async ({
    expect,
    onTestFinished: afterwards,
  }) => {
    const job = newJob()
    const [zombie, successor] = [await open(job, { afterwards }), await open(job, { supervise: true, afterwards })]
    const [abandoned, taken] = [gate(), gate()]
    await zombie.put('a')
    zombie.work(abandoned.handler, { concurrency: 1 })
    await expect.poll(() => abandoned.inHand).toEqual(['a'])
    successor.work(taken.handler)
    await silence(job, () => taken.inHand.length > 0)
    await expect.poll(() => abandoned.aborted, { timeout: 5_000 }).toEqual(['a'])
    expect(await states(job)).toEqual({ active: 1 })
    taken.release('a')
    await expect.poll(() => states(job)).toEqual({ completed: 1 })
    expect(taken.aborted).toEqual([])
  })

  test('keeps a job that comes back to it alive, and leaves only its earlier attempt', async ({
    expect,
    onTestFinished: afterwards,
  }) => {
    const job = newJob()
    const { put, work } = await open(job, { supervise: true, afterwards })
    const [before, after] = [gate(), gate()]
    await put('a')
    work((data, signal) => (before.started.length === 0 ? before : after).handler(data, signal))
    await expect.poll(() => before.inHand).toEqual(['a'])
    await silence(job, () => after.inHand.length > 0)
    await expect.poll(() => before.aborted).toEqual(['a'])
    const told = await lastTold(job)
    await expect.poll(() => lastTold(job), { timeout: 5_000 }).toBeGreaterThan(told)
    expect(after.aborted).toEqual([])
    after.release('a')
    await expect.poll(() => states(job)).toEqual({ completed: 1 })
  })
})
