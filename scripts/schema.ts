import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dumpSchema } from '@loqui/db/dump-schema'
import { migrate } from '@loqui/db/migrate'
import { temporaryDatabase } from './temporary-database.ts'

/** Writes db/schema.sql: what the migrations produce in an empty database. */
const database = await temporaryDatabase()
try {
  await migrate(database.connectionString)
  await writeFile(join(import.meta.dirname, '../db/schema.sql'), await dumpSchema(database.connectionString))
} finally {
  await database.stop()
}
