import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, afterEach, expect, inject } from 'vitest'
import { createDb, type Db } from './client.ts'
import { administer } from './embedded-administer.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The PostgreSQL of this run: set up once, by scripts/test-database.ts. */
    testServer: { readonly connectionString: string; readonly template: string }
  }
}

export interface TestDatabase {
  readonly connectionString: string
  readonly db: Db
  /** With the rights of an owner: for a test that does what Loqui's processes may not. */
  readonly owner: Db
  /** Fails with the rows of `report.violations()`, which has none when all is well. */
  assertSound(): Promise<void>
}

/**
 * A database of the test file's own, migrated, empty and dropped after the file. Call it at the top of the file:
 *
 *     const { db, connectionString } = await testDatabase()
 *
 * After every test `report.violations()` must be empty; `{ sound: false }` is for a file that breaks the rules on purpose.
 */
export async function testDatabase({ sound = true }: { readonly sound?: boolean } = {}): Promise<TestDatabase> {
  const { connectionString: server, template } = inject('testServer')
  const name = `test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name} template ${template}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const connectionString = url.href
  const db = createDb({ connectionString })
  const owner = createDb({ connectionString, max: 2, role: 'owner' })
  const assertSound = async (): Promise<void> => {
    const { rows } = await sql`select * from report.violations()`.execute(db)
    expect(rows, 'report.violations()').toEqual([])
  }
  if (sound) afterEach(assertSound)
  afterAll(async () => {
    await Promise.all([db.destroy(), owner.destroy()])
    await administer(server, `drop database ${name} with (force)`)
  })
  return { connectionString, db, owner, assertSound }
}
