import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import type { Db, Trx } from './client.ts'
import { createDb } from './client.ts'
import { lock } from './lock.ts'
import { appRole } from './rights.ts'
import { testDatabase } from './testing.ts'
import { transaction } from './transaction.ts'

const { db, owner, connectionString } = await testDatabase()
await sql`create table note (text text); create table tally (n int); insert into tally values (0);
  grant select, insert, update on note, tally to ${sql.ref(appRole)}`.execute(owner)

const isolation = async (on: Db) =>
  (await sql<{ isolation: string }>`select current_setting('transaction_isolation') as isolation`.execute(on)).rows[0]
    ?.isolation
const notes = async () =>
  (await sql<{ text: string }>`select text from note order by text`.execute(db)).rows.map(({ text }) => text)
const write = (trx: Trx, text: string) => sql`insert into note values (${text})`.execute(trx)

test('a transaction is READ COMMITTED even where the session says otherwise', async () => {
  const own = createDb({ connectionString, max: 1 })
  onTestFinished(() => own.destroy())
  await sql`set default_transaction_isolation = 'repeatable read'`.execute(own)
  expect(await isolation(own)).toBe('repeatable read')
  expect(await transaction(own, isolation)).toBe('read committed')
})

test('a transaction inside a transaction is the same one: it commits and fails with it', async () => {
  const outer = transaction(db, async (trx) => {
    await transaction(trx, (inner) => write(inner, 'inner'))
    throw new Error('no')
  })
  await expect(outer).rejects.toThrow('no')
  expect(await notes()).toEqual([])

  await transaction(db, async (trx) => {
    await transaction(trx, (inner) => write(inner, 'kept'))
    expect(await notes()).toEqual([])
  })
  expect(await notes()).toEqual(['kept'])
})

test('a transaction whose failure was swallowed does not pass for committed', async () => {
  const swallowed = transaction(db, async (trx) => {
    await write(trx, 'lost')
    await sql`select 1/0`.execute(trx).catch(() => undefined)
  })
  await expect(swallowed).rejects.toThrow()
  expect(await notes()).not.toContain('lost')
})

test('a lock is held until the transaction ends, by its key alone', async () => {
  const events: string[] = []
  const held = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const first = transaction(db, async (trx) => {
    await lock(trx, 'quota', 'a')
    held.resolve()
    await release.promise
    events.push('first')
  })
  await held.promise
  const second = transaction(db, async (trx) => {
    await lock(trx, 'quota', 'a')
    events.push('second')
  })
  await transaction(db, (trx) => lock(trx, 'quota', 'b'))
  await transaction(db, (trx) => lock(trx, 'queue', 'a'))
  await expect
    .poll(async () => {
      const { rows } = await sql`select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`.execute(db)
      return rows.length
    })
    .toBe(1)
  events.push('others')
  release.resolve()
  await Promise.all([first, second])
  expect(events).toEqual(['others', 'first', 'second'])
})

test('what commits while a lock is waited for is seen by the next statement', async () => {
  await Promise.all(
    Array.from({ length: 20 }, () =>
      transaction(db, async (trx) => {
        await lock(trx, 'quota', 'tally')
        const { rows } = await sql<{ n: number }>`select n from tally`.execute(trx)
        await sql`update tally set n = ${rows[0]!.n + 1}`.execute(trx)
      }),
    ),
  )
  const { rows } = await sql`select n from tally`.execute(db)
  expect(rows).toEqual([{ n: 20 }])
})
