import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { expect, inject, onTestFinished, test } from 'vitest'
import { createDb } from './client.ts'
import { dumpSchema } from './dump-schema.ts'
import { administer } from './embedded-administer.ts'
import { migrate } from './migrate.ts'
import { testDatabase } from './testing.ts'

async function emptyDatabase(): Promise<string> {
  const { connectionString: server } = inject('testServer')
  const name = `test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name}`)
  onTestFinished(() => administer(server, `drop database ${name} with (force)`).then(() => undefined))
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

test('two processes may bring an empty database up at once, and a third one later changes nothing', async () => {
  const connectionString = await emptyDatabase()
  await Promise.all([migrate(connectionString), migrate(connectionString)])
  const schema = await dumpSchema(connectionString)
  await migrate(connectionString)
  expect(await dumpSchema(connectionString)).toBe(schema)

  const db = createDb({ connectionString })
  onTestFinished(() => db.destroy())
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  expect(rows.map(({ name }) => name.slice(0, 4))).toEqual(rows.map((_, index) => String(index + 1).padStart(4, '0')))
  expect((await sql`select * from report.violations()`.execute(db)).rows).toEqual([])
})

test('migrating again keeps what the database holds', async () => {
  const { db, connectionString } = await testDatabase()
  await sql`update plan set name = 'Gratis' where id = 'free'`.execute(db)
  await migrate(connectionString)
  expect(await db.selectFrom('plan').select('name').where('id', '=', 'free').execute()).toEqual([{ name: 'Gratis' }])
})
