import { readFileSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'kysely'
import type { Db } from './client.ts'

const directory = path.join(import.meta.dirname, '../functions')
/** In an order in which each finds what it is made of. */
const files = [
  'locks',
  'quota',
  'limits',
  'samples',
  'cost',
  'queue',
  'events',
  'generations',
  'segments',
  'calls',
  'voices',
  'fallback',
  'storage',
  'report',
]

/**
 * Makes the database's functions what `functions/*.sql` say. They are code and not data, so they are not migrated but
 * replaced, each time: what a function does now can be read in one place.
 */
export async function replaceFunctions(db: Db): Promise<void> {
  await db.transaction().execute(async (trx) => {
    // Two processes that start at once would meet in the catalogue.
    await sql`select pg_advisory_xact_lock(hashtextextended('loqui:functions', 0))`.execute(trx)
    for (const file of files) {
      await sql.raw(readFileSync(path.join(directory, `${file}.sql`), 'utf8')).execute(trx)
    }
  })
}
