import { afterAll, expect, test } from 'vitest'
import { createPool } from './client.ts'
import { inOneGo } from './in-one-go.ts'
import { testDatabase } from './testing.ts'

const { owner, connectionString } = await testDatabase()
const pool = createPool({ connectionString, max: 10, role: 'owner' })
afterAll(() => pool.end())

const one = { lockClass: 'queue', key: 'one' } as const

test('the statement reads what who held the lock before has written', async () => {
  await owner.schema.createTable('counted').addColumn('n', 'integer').execute()
  const add = () =>
    inOneGo(pool, one, (executeSql) =>
      executeSql('insert into counted select count(*) from counted where $1::text is not null returning n', ['x']),
    )
  const answers = await Promise.all(Array.from({ length: 40 }, add))
  const numbers = answers.flatMap(({ rows }) => rows).map((row) => Number(Object(row).n))
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n))
})

test('what fails happens not at all, frees the lock, and harms nobody who comes after', async () => {
  await owner.schema.createTable('kept').addColumn('n', 'integer').execute()
  const fail = (sql: string) => inOneGo(pool, one, (executeSql) => executeSql(sql))
  await expect(fail('with k as (insert into kept values (1)) select 1 / 0')).rejects.toThrow('division by zero')
  await expect(inOneGo(pool, one, () => Promise.reject(new Error('nothing to ask')))).rejects.toThrow('nothing to ask')
  const { rows } = await inOneGo(pool, one, (executeSql) => executeSql('select count(*)::integer as n from kept'))
  expect(rows).toEqual([{ n: 0 }])
})

test('a connection that breaks in the middle is one failure of one call', async () => {
  const broken = inOneGo(pool, one, (executeSql) => executeSql('select pg_terminate_backend(pg_backend_pid())'))
  await expect(broken).rejects.toThrow()
  expect(await inOneGo(pool, one, (executeSql) => executeSql('select 1 as n'))).toMatchObject({ rows: [{ n: 1 }] })
})
