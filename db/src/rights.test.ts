import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createDb, type Db } from './client.ts'
import { type EmbeddedPostgres, startEmbedded } from './embedded.ts'
import { administer } from './embedded-administer.ts'
import { openListener } from './listen.ts'
import { migrate } from './migrate.ts'
import { defineJob, openQueue } from './queue.ts'
import { appRole, openLogin } from './rights.ts'
import { balances, cancel, claim, fail, newAccount, newGeneration, succeed } from './testing/ledger.ts'
import { testDatabase } from './testing.ts'
import { transaction } from './transaction.ts'

const { db } = await testDatabase()
const account = await newAccount(db)
const generation = (await newGeneration(db, account, { reservedMs: 1_000 }))!

async function whoIs(own: Db): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select current_user as name`.execute(own)
  return rows[0]?.name
}

/** One of each transition, and what the account holds after them. */
async function useLedger(own: Db) {
  const account = await newAccount(own)
  const [spoken, failed, canceled] = [
    (await newGeneration(own, account, { reservedMs: 5_000 }))!,
    (await newGeneration(own, account, { reservedMs: 5_000 }))!,
    (await newGeneration(own, account, { reservedMs: 5_000 }))!,
  ]
  expect(await newGeneration(own, account, { reservedMs: 90_000 })).toBeUndefined()
  expect(await succeed(own, spoken, (await claim(own, spoken))!, 4_000)).toBe(true)
  expect(await fail(own, failed, (await claim(own, failed))!)).toBe(true)
  expect(await cancel(own, canceled)).toBe(true)
  await sql`select quota_adjust(${account.userId}, 1000, ${randomUUID()}, 'A gift.')`.execute(own)
  await sql`select quota_refund(${spoken}, ${randomUUID()}, 'Sorry.')`.execute(own)
  expect(await balances(own, account)).toMatchObject([{ granted_ms: 101_000, used_ms: 0, reserved_ms: 0 }])
  expect((await sql`select * from report.violations()`.execute(own)).rows).toEqual([])
}

describe('the role that processes work under', () => {
  test('is taken by every connection', async () => {
    expect(await whoIs(db)).toBe(appRole)
  })

  test.for([
    [
      'add an entry',
      sql`insert into quota_entry (user_id, period_start, kind, ms)
      select user_id, period_start, 'grant', 1000000 from quota_account where user_id = ${account.userId}`,
    ],
    ['change an entry', sql`update quota_entry set ms = 0 where user_id = ${account.userId}`],
    ['remove an entry', sql`delete from quota_entry where user_id = ${account.userId}`],
    ['empty the entries', sql`truncate quota_entry`],
    [
      'add an account',
      sql`insert into quota_account (user_id, period_start, period_end, granted_ms)
      values (${account.userId}, now(), now() + interval '1 month', 1000000)`,
    ],
    ['change a balance', sql`update quota_account set granted_ms = granted_ms + 1 where user_id = ${account.userId}`],
    ['remove a balance', sql`delete from quota_account where user_id = ${account.userId}`],
    ['empty the balances', sql`truncate quota_account cascade`],
    ['lock a balance against its functions', sql`select from quota_account for update`],
    ['switch the triggers off', sql`alter table quota_entry disable trigger all`],
    ['switch all triggers off', sql`set session_replication_role = replica`],
    ['drop a check', sql`alter table quota_account drop constraint quota_account_check`],
    ['change a function', sql`create or replace function quota_lock(p_user uuid) returns void language sql as ''`],
    ['drop a function', sql`drop function quota_refund(uuid, uuid, text)`],
    ['make a table', sql`create table other (id int)`],
  ] as const)('may not %s', async ([, statement]) => {
    const before = await sql`select * from quota_entry, quota_account`.execute(db)
    await expect(statement.execute(db)).rejects.toMatchObject({ code: '42501' })
    expect(await sql`select * from quota_entry, quota_account`.execute(db)).toEqual(before)
  })

  test('may not remove an account whose ledger says something', async () => {
    await expect(sql`delete from account where id = ${account.userId}`.execute(db)).rejects.toMatchObject({
      code: '23503',
    })
    expect(await balances(db, account)).toMatchObject([{ reserved_ms: 1_000 }])
  })

  test('can reserve, settle, release, adjust and refund by the functions', () => useLedger(db))

  test('cannot make the functions write elsewhere by tables of its own', async () => {
    const before = await balances(db, account)
    await transaction(db, async (trx) => {
      await sql`
        create temporary table quota_account as select * from public.quota_account;
        create temporary table quota_entry as select * from public.quota_entry;
        create temporary table plan as select id, 1000000::bigint as seconds_per_month from public.plan
      `.execute(trx)
      await sql`select quota_adjust(${account.userId}, 1, ${randomUUID()}, 'Mine.')`.execute(trx)
      expect(
        (await sql`select from pg_temp.quota_entry where user_id = ${account.userId} and kind = 'adjust'`.execute(trx))
          .rows,
      ).toEqual([])
      await sql`drop table pg_temp.quota_account, pg_temp.quota_entry, pg_temp.plan`.execute(trx)
    })
    expect(await balances(db, account)).toEqual(before.map((row) => ({ ...row, granted_ms: row.granted_ms + 1 })))
    await cancel(db, generation)
  })
})

describe('on a server of its own', () => {
  let directory: string
  let server: EmbeddedPostgres
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'loqui-rights-'))
    server = await startEmbedded({ directory: join(directory, 'postgres'), durable: false })
  })
  afterAll(async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  /** A login that owns a database of its own, and where to reach it. */
  async function owner(name: string, rights = ''): Promise<string> {
    await administer(server.connectionString, `create role ${name} login password 'secret' ${rights}`)
    await administer(server.connectionString, `create database ${name} owner ${name}`)
    return reach(name, name)
  }

  function reach(login: string, database: string): string {
    const url = new URL(server.connectionString)
    Object.assign(url, { username: login, password: 'secret', pathname: `/${database}` })
    return url.href
  }

  function open(connectionString: string): Db {
    const own = createDb({ connectionString })
    onTestFinished(() => own.destroy())
    return own
  }

  test('an owner who may make no role works as himself, and the triggers keep the entries', async () => {
    const connectionString = await owner('plain')
    await migrate(connectionString)
    await migrate(connectionString)
    const own = open(connectionString)
    expect(await whoIs(own)).toBe('plain')
    await useLedger(own)
    for (const statement of [
      sql`update quota_entry set ms = 0`,
      sql`delete from quota_entry`,
      sql`truncate quota_entry`,
      sql`truncate quota_account cascade`,
    ]) {
      await expect(statement.execute(own)).rejects.toMatchObject({
        code: '42501',
        message: 'quota_entry is append only',
      })
    }
    await expect(sql`update quota_account set used_ms = granted_ms + 1`.execute(own)).rejects.toMatchObject({
      code: '23514',
    })
  })

  test('an owner who may make roles makes the processes’ role and works under it', async () => {
    const connectionString = await owner('maker', 'createrole')
    await migrate(connectionString)
    const own = open(connectionString)
    expect(await whoIs(own)).toBe(appRole)
    await useLedger(own)
    await expect(sql`update quota_account set used_ms = 0`.execute(own)).rejects.toMatchObject({ code: '42501' })
  })

  test('an owner who finds the role made by another, and may not take it on, works as himself', async () => {
    const connectionString = await owner('late')
    await migrate(connectionString)
    const own = open(connectionString)
    expect(await whoIs(own)).toBe('late')
    await useLedger(own)
    await expect(sql`delete from quota_entry`.execute(own)).rejects.toMatchObject({ code: '42501' })
  })

  test('a login that may only read cannot give itself quota', async () => {
    await administer(server.connectionString, `create role reader login password 'secret'`)
    await administer(
      reach('maker', 'maker'),
      'grant usage on schema report to reader; grant select on all tables in schema report to reader',
    )
    const own = open(reach('reader', 'maker'))
    const { rows } = await sql<{ id: string }>`select user_id as id from report.quota_account`.execute(own)
    for (const call of [
      sql`quota_adjust(${rows[0]!.id}, 1000, ${randomUUID()}, 'Mine.')`,
      sql`quota_open(${rows[0]!.id})`,
      sql`quota_refund(${randomUUID()}, ${randomUUID()}, 'Mine.')`,
    ]) {
      await expect(sql`select ${call}`.execute(own)).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('a login that has nothing but the role can do what processes do, and no way leads it to more', async () => {
    const superuser = Object.assign(new URL(server.connectionString), { pathname: '/maker' }).href
    const earlier = await openLogin(superuser)
    const connectionString = await openLogin(superuser)
    await expect(administer(earlier, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    const own = open(connectionString)
    await useLedger(own)
    const errors: unknown[] = []
    const onError = (error: unknown) => void errors.push(error)
    const job = defineJob<{ key: string }>({ name: 'test', key: ({ key }) => key })
    const queue = await openQueue([job], { connectionString, supervise: true, onError })
    const done: string[] = []
    const work = queue.work(
      job,
      { concurrency: 1, groupConcurrency: 1, onError },
      async ({ key }) => void done.push(key),
    )
    await transaction(own, (trx) => queue.enqueue(trx, job, { key: 'a' }, { group: 'g', tier: 't', turn: 1 }))
    work.wake()
    await expect.poll(() => done).toEqual(['a'])
    await work.stop(1_000)
    await queue.close()
    const listener = await openListener(connectionString, onError)
    await listener.close()
    expect(errors).toEqual([])
    await own.connection().execute(async (connection) => {
      await sql`reset role`.execute(connection)
      expect(await whoIs(connection)).toBe('loqui_process')
      for (const table of ['quota_entry', 'quota_account'] as const) {
        await expect(sql`delete from ${sql.table(table)}`.execute(connection)).rejects.toMatchObject({ code: '42501' })
      }
      for (const role of ['maker', 'loqui']) {
        await expect(sql`set role ${sql.ref(role)}`.execute(connection)).rejects.toMatchObject({ code: '42501' })
        await expect(sql`set session authorization ${sql.ref(role)}`.execute(connection)).rejects.toMatchObject({
          code: '42501',
        })
      }
    })
  })
})
