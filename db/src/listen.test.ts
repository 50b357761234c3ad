import { sql } from 'kysely'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createHints, type HintChannel } from './hint.ts'
import { openListener } from './listen.ts'
import { type DatabaseProxy, openProxy } from './testing/proxy.ts'
import { testDatabase } from './testing.ts'

const { db, owner, connectionString } = await testDatabase()

async function listen(through = connectionString) {
  const errors: unknown[] = []
  const listener = await openListener(through, (error) => errors.push(error))
  onTestFinished(() => listener.close())
  const count = (channel: HintChannel, id: string) => {
    const heard = vi.fn()
    return Object.assign(heard, { unlisten: listener.on(channel, id, heard) })
  }
  return { listener, errors, count }
}

function hints() {
  const errors: unknown[] = []
  return { ...createHints(db, (error) => errors.push(error)), errors }
}

const portOf = (proxy: DatabaseProxy) => Number(new URL(proxy.connectionString).port)

const listeningBackends = async () =>
  (
    await sql<{ pid: number }>`select pid from pg_stat_activity
      where datname = current_database() and application_name = 'loqui listen'`.execute(owner)
  ).rows.map(({ pid }) => pid)

test('a hint reaches those who listen to its channel and id, and nobody else', async () => {
  const { count } = await listen()
  const [mine, mineToo, other, elsewhere] = [
    count('events', 'me'),
    count('events', 'me'),
    count('events', 'you'),
    count('access', 'me'),
  ]
  const end = count('events', 'end')
  const { hint, flush, errors } = hints()
  hint('events', 'me')
  await flush()
  hint('events', 'end')
  await vi.waitFor(() => expect(end).toHaveBeenCalledTimes(1))
  expect(mine).toHaveBeenCalledTimes(1)
  expect(mineToo).toHaveBeenCalledTimes(1)
  expect(other).not.toHaveBeenCalled()
  expect(elsewhere).not.toHaveBeenCalled()
  expect(errors).toEqual([])
})

test('who has stopped listening hears nothing more, and those beside it still do', async () => {
  const { count } = await listen()
  const left = count('work', 'run')
  const stays = count('work', 'run')
  left.unlisten()
  left.unlisten()
  hints().hint('work', 'run')
  await vi.waitFor(() => expect(stays).toHaveBeenCalledTimes(1))
  expect(left).not.toHaveBeenCalled()
})

test('a listener that leaves and comes back while it is told is told once', async () => {
  const { listener, count } = await listen()
  const heard = vi.fn(() => {
    unlisten()
    unlisten = listener.on('work', 'again', heard)
  })
  let unlisten = listener.on('work', 'again', heard)
  const end = count('work', 'end')
  const { hint, flush } = hints()
  hint('work', 'again')
  await flush()
  hint('work', 'end')
  await vi.waitFor(() => expect(end).toHaveBeenCalled())
  expect(heard).toHaveBeenCalledTimes(1)
})

test('hints of one moment are sent together, each kind and id once', async () => {
  const { count } = await listen()
  const [a, b] = [count('events', 'a'), count('events', 'b')]
  const { hint, flush } = hints()
  for (let i = 0; i < 500; i++) {
    hint('events', 'a')
    hint('events', 'b')
  }
  await flush()
  await vi.waitFor(() => expect(b).toHaveBeenCalled())
  // The first goes at once; all that came while it was on its way go with the second.
  expect(a.mock.calls.length).toBeLessThanOrEqual(2)
  expect(b.mock.calls.length).toBeLessThanOrEqual(2)
})

test('a hint that cannot be sent is told and the next one goes out', async () => {
  const { count } = await listen()
  const heard = count('events', 'next')
  const { hint, flush, errors } = hints()
  hint('events', 'x'.repeat(9_000))
  await flush()
  expect(errors).toHaveLength(1)
  hint('events', 'next')
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1))
})

test('after its connection was ended it listens again and wakes everyone, since hints may have been lost', async () => {
  const { count, errors } = await listen()
  const [one, two] = [count('events', 'one'), count('cancel', 'two')]
  const [backend] = await listeningBackends()
  await sql`select pg_terminate_backend(${backend})`.execute(owner)
  await vi.waitFor(() => {
    expect(one).toHaveBeenCalledTimes(1)
    expect(two).toHaveBeenCalledTimes(1)
  })
  expect(errors.length).toBeGreaterThan(0)
  hints().hint('cancel', 'two')
  await vi.waitFor(() => expect(two).toHaveBeenCalledTimes(2))
  expect(one).toHaveBeenCalledTimes(1)
})

test('it keeps trying while the database does not take connections', async () => {
  const proxy = await openProxy(connectionString)
  const { count, errors } = await listen(proxy.connectionString)
  const heard = count('work', 'run')
  await proxy[Symbol.asyncDispose]()
  await vi.waitFor(() => expect(errors.length).toBeGreaterThanOrEqual(3))
  await using _back = await openProxy(connectionString, { port: portOf(proxy) })
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), 5_000)
})

test('when its connection goes dead without a word it notices, listens again and wakes everyone', {
  timeout: 60_000,
}, async () => {
  await using proxy = await openProxy(connectionString)
  const { count, errors } = await listen(proxy.connectionString)
  const [one, two] = [count('events', 'one'), count('events', 'two')]
  proxy.stall()
  const { hint, flush } = hints()
  hint('events', 'one')
  await flush()
  await vi.waitFor(() => {
    expect(one).toHaveBeenCalledTimes(1)
    expect(two).toHaveBeenCalledTimes(1)
  }, 30_000)
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('timeout') })])
  hint('events', 'two')
  await vi.waitFor(() => expect(two).toHaveBeenCalledTimes(2))
  expect(one).toHaveBeenCalledTimes(1)
})

test('closed while it reconnects, it leaves no connection behind', async () => {
  const proxy = await openProxy(connectionString)
  const { listener, errors } = await listen(proxy.connectionString)
  await proxy[Symbol.asyncDispose]()
  await vi.waitFor(() => expect(errors.length).toBeGreaterThanOrEqual(1))
  await using slow = await openProxy(connectionString, { port: portOf(proxy), held: true })
  await expect.poll(() => slow.connections).toBe(1)
  await listener.close()
  slow.pass()
  await expect.poll(() => slow.connections).toBe(0)
})

test('it does not start where there is no database', async () => {
  const proxy = await openProxy(connectionString)
  await proxy[Symbol.asyncDispose]()
  await expect(openListener(proxy.connectionString, () => undefined)).rejects.toThrow('ECONNREFUSED')
})
