import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from './testing.ts'

const first = await testDatabase()
const second = await testDatabase()

test('every test database is migrated', async () => {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
  `.execute(first.db)
  expect(rows.map(({ name }) => name)).toContain('generation')
})

test('what one test database holds is not in another', async () => {
  await sql`create table only_here (id int)`.execute(first.owner)
  await expect(sql`select from only_here`.execute(second.owner)).rejects.toThrow('does not exist')
})
