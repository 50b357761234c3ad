import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { createPool, type Pool, ThreadDied, ThreadTimeout } from './pool.ts'

/** Threads that answer what they are told to: at once, after computing for a time, or by dying. */
const program = `
  const { parentPort, threadId } = require('node:worker_threads')
  parentPort.on('message', ({ compute = 0, die, fail, say, started }) => {
    if (started) {
      Atomics.store(started, 0, 1)
      Atomics.notify(started, 0)
    }
    if (die) process.exit(7)
    if (fail) throw new Error('thread failed')
    const end = Date.now() + compute
    while (Date.now() < end);
    parentPort.postMessage({ say, threadId })
  })`

interface Order {
  readonly say?: string
  /** Milliseconds without a look at messages. */
  readonly compute?: number
  readonly die?: boolean
  readonly fail?: boolean
  /** Set to 1 when a thread has the order. */
  readonly started?: Int32Array
}
interface Answer {
  readonly say?: string
  readonly threadId: number
}

const never = new AbortController().signal
const forever = 60_000

describe('a pool of threads', () => {
  const pools: Pool<Order, Answer>[] = []
  let started = 0
  const open = (threads: number, timeoutMs = forever) => {
    started = 0
    const pool = createPool<Order, Answer>({
      threads,
      timeoutMs,
      start: async () => {
        started++
        return new Worker(program, { eval: true })
      },
    })
    pools.push(pool)
    return pool
  }
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close(new Error('test is over')))))

  test('answers in the order of the requests when one thread does them', async () => {
    const pool = open(1)
    const order: string[] = []
    const says = ['a', 'b', 'c', 'd', 'e']
    await Promise.all(says.map((say) => pool.run({ say }, never).then((answer) => order.push(answer.say ?? ''))))
    expect(order).toEqual(says)
    expect(started).toBe(1)
  })

  test('starts threads when they are needed, and no more than it may', async () => {
    const pool = open(3)
    await pool.run({}, never)
    await pool.run({}, never)
    expect(started).toBe(1)
    const answers = await Promise.all(Array.from({ length: 9 }, () => pool.run({ compute: 20 }, never)))
    expect(started).toBe(3)
    expect(new Set(answers.map(({ threadId }) => threadId)).size).toBe(3)
  })

  test('rejects a waiting request at once, and never starts it', async () => {
    const pool = open(1)
    const controller = new AbortController()
    const first = pool.run({ compute: 100 }, never)
    const second = pool.run({ die: true }, controller.signal)
    controller.abort(new Error('left'))
    await expect(second).rejects.toThrow('left')
    const third = pool.run({ say: 'third' }, never)
    expect((await third).threadId).toBe((await first).threadId)
  })

  test('ends the thread of a running request, so that the next need not wait for it', async () => {
    const pool = open(1)
    const { threadId } = await pool.run({}, never)
    const controller = new AbortController()
    const started = new Int32Array(new SharedArrayBuffer(4))
    const endless = pool.run({ compute: forever, started }, controller.signal)
    const next = pool.run({ say: 'next' }, never)
    await Atomics.waitAsync(started, 0, 0).value
    controller.abort(new Error('left'))
    await expect(endless).rejects.toThrow('left')
    const answer = await next
    expect(answer.say).toBe('next')
    expect(answer.threadId).not.toBe(threadId)
  })

  test('ends a request that takes too long, not counting the time that it waited', async () => {
    const pool = open(1, 400)
    const slow = Array.from({ length: 4 }, () => pool.run({ compute: 150, say: 'slow' }, never))
    expect(await Promise.all(slow)).toHaveLength(4)
    await expect(pool.run({ compute: forever }, never)).rejects.toBeInstanceOf(ThreadTimeout)
    expect((await pool.run({ say: 'after' }, never)).say).toBe('after')
  })

  test.each(['die', 'fail'] as const)(
    'rejects the request whose thread does %s, and replaces the thread',
    async (end) => {
      const pool = open(2)
      const [lost, kept] = await Promise.allSettled([
        pool.run({ [end]: true }, never),
        pool.run({ say: 'kept' }, never),
      ])
      expect(lost.status === 'rejected' && lost.reason).toBeInstanceOf(ThreadDied)
      expect(kept).toMatchObject({ status: 'fulfilled', value: { say: 'kept' } })
      const answers = await Promise.all(Array.from({ length: 4 }, () => pool.run({ compute: 10, say: 'again' }, never)))
      expect(answers.every(({ say }) => say === 'again')).toBe(true)
    },
  )

  test('says why a thread could not be started, and tries again', async () => {
    let broken = true
    const pool = createPool<Order, Answer>({
      threads: 1,
      timeoutMs: forever,
      start: async () => {
        if (broken) throw new Error('no such file')
        return new Worker(program, { eval: true })
      },
    })
    pools.push(pool)
    await expect(pool.run({}, never)).rejects.toThrow('no such file')
    broken = false
    expect((await pool.run({ say: 'now' }, never)).say).toBe('now')
  })

  test('rejects with the reason of the abort when it came before', async () => {
    await expect(open(1).run({}, AbortSignal.abort(new Error('early')))).rejects.toThrow('early')
    expect(started).toBe(0)
  })

  test('rejects what waits and what runs when closed, and what comes later', async () => {
    const pool = open(1)
    await pool.run({}, never)
    const calls = [pool.run({ compute: forever }, never), pool.run({}, never)]
    const settled = Promise.allSettled(calls)
    await pool.close(new Error('closed'))
    for (const outcome of await settled) expect(outcome.status === 'rejected' && outcome.reason.message).toBe('closed')
    await expect(pool.run({}, never)).rejects.toThrow('closed')
    expect(started).toBe(1)
  })

  test('holds no listeners on a signal that many requests share', async () => {
    const pool = open(2)
    const controller = new AbortController()
    for (let round = 0; round < 30; round++) await pool.run({}, controller.signal)
    controller.abort()
    expect((await pool.run({ say: 'still' }, never)).say).toBe('still')
    expect(started).toBe(1)
  })
})
