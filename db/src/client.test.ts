import { sql } from 'kysely'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createDb, type Db, type DbConfig, ping } from './client.ts'
import { openProxy } from './testing/proxy.ts'
import { testDatabase } from './testing.ts'

const { db, owner, connectionString } = await testDatabase()

function open(config: Partial<DbConfig> = {}) {
  const own = createDb({ connectionString, ...config })
  onTestFinished(() => own.destroy())
  return own
}

async function backend(own: Db): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(own)
  return rows[0]!.pid
}

test('a bigint arrives as a number', async () => {
  const { rows } = await sql<{ least: number; most: number }>`
    select -9007199254740991::bigint as least, 9007199254740991::bigint as most
  `.execute(db)
  expect(rows).toEqual([{ least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER }])
})

test('a bigint that no number can hold is an error and not a wrong number', async () => {
  await expect(sql`select 9007199254740993::bigint`.execute(db)).rejects.toThrow('9007199254740993')
  expect(await ping(db)).toBe(true)
})

test('connections that PostgreSQL ends, idle or in use, are replaced and do not end the process', async () => {
  const errors: Error[] = []
  const own = open({ max: 3, onError: (error) => errors.push(error) })
  const sleepers = Promise.allSettled([1, 2].map(() => sql`select pg_sleep(8)`.execute(own)))
  const idle = await backend(own)
  const ended = await vi.waitFor(async () => {
    const { rows } = await sql<{ pid: number }>`
      select pid from pg_stat_activity where pid = ${idle} or (datname = current_database() and query = 'select pg_sleep(8)')
    `.execute(owner)
    expect(rows).toHaveLength(3)
    return rows.map(({ pid }) => pid)
  })
  await sql`select pg_terminate_backend(pid) from unnest(${ended}::int[]) as pid`.execute(owner)

  expect((await sleepers).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect.poll(() => errors.length).toBeGreaterThanOrEqual(3)
  expect(await Promise.all([ping(own), ping(own), ping(own)])).toEqual([true, true, true])
  expect(ended).not.toContain(await backend(own))
})

test('a connection that breaks while it is in use does not end the process', async () => {
  const errors: Error[] = []
  const proxy = await openProxy(connectionString)
  const own = open({ connectionString: proxy.connectionString, max: 1, onError: (error) => errors.push(error) })
  await own.connection().execute(async (connection) => {
    expect(await ping(connection)).toBe(true)
    await proxy[Symbol.asyncDispose]()
    await expect.poll(() => errors).toHaveLength(1)
    expect(await ping(connection)).toBe(false)
  })
})

test('statements sent at once on one connection are answered each with its own, also around one that fails', async () => {
  const own = open({ max: 1 })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => sql<{ n: number }>`select ${n}::int as n`.execute(own)),
  )
  expect(answers.map(({ rows }) => rows[0]!.n)).toEqual(Array.from({ length: 50 }, (_, n) => n))

  const outcomes = await own
    .connection()
    .execute((connection) =>
      Promise.allSettled(
        Array.from({ length: 9 }, (_, n) => sql<{ n: number }>`select 12 / (${n}::int - 4) as n`.execute(connection)),
      ),
    )
  expect(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.rows[0]!.n : outcome.reason.code)),
  ).toEqual([-3, -4, -6, -12, '22012', 12, 6, 4, 3])
})

test('a statement alone is READ COMMITTED, whatever the database makes of transactions', async () => {
  const other = await testDatabase()
  await sql`alter database ${sql.id(new URL(other.connectionString).pathname.slice(1))}
    set default_transaction_isolation = 'repeatable read'`.execute(other.owner)
  const own = open({ connectionString: other.connectionString })
  const { rows } = await sql`select current_setting('transaction_isolation') as isolation`.execute(own)
  expect(rows).toEqual([{ isolation: 'read committed' }])
})

test('everything runs READ COMMITTED, whatever a connection string asks for', async () => {
  const url = new URL(connectionString)
  url.searchParams.set('options', '-c default_transaction_isolation=repeatable\\ read')
  for (const role of [undefined, 'owner'] as const) {
    const own = open({ connectionString: url.href, ...(role && { role }) })
    const { rows } = await sql`select current_setting('transaction_isolation') as isolation`.execute(own)
    expect(rows).toEqual([{ isolation: 'read committed' }])
  }
})

test.concurrent('a lock is not waited for longer than five seconds', async ({ expect, onTestFinished: afterwards }) => {
  const own = createDb({ connectionString })
  afterwards(() => own.destroy())
  await own.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(1)`.execute(trx)
    const started = performance.now()
    await expect(sql`select pg_advisory_lock(1)`.execute(db)).rejects.toMatchObject({ code: '55P03' })
    expect(performance.now() - started).toBeLessThan(7_500)
  })
})

test.concurrent('a connection that goes dead without a word fails its query in time and leaves the pool', {
  timeout: 30_000,
}, async ({ expect }) => {
  await using proxy = await openProxy(connectionString)
  const own = createDb({ connectionString: proxy.connectionString, max: 1 })
  await using _own = { [Symbol.asyncDispose]: () => own.destroy() }
  expect(await ping(own)).toBe(true)
  proxy.stall()
  await expect(sql`select 1`.execute(own)).rejects.toThrow('timeout')
  await vi.waitFor(async () => expect(await ping(own)).toBe(true))
})
