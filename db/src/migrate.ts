import { promises as fs } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { createDb, type Db } from './client.ts'
import { replaceFunctions } from './functions.ts'
import { migrateQueue } from './queue.ts'
import { grantRights } from './rights.ts'

/**
 * Brings a database up to what this version expects: our schema, forward only, our functions, the queue's own tables, and
 * what the processes may do with all of it.
 */
export async function migrate(connectionString: string): Promise<void> {
  const db = createDb({ connectionString, max: 1, role: 'owner' })
  try {
    const { error } = await migrator(db).migrateToLatest()
    if (error) throw error
    await replaceFunctions(db)
    await migrateQueue(connectionString)
    await grantRights(db)
  } finally {
    await db.destroy()
  }
}

/** Runs what is in `migrations/`. */
export function migrator(db: Db): Migrator {
  const provider = new FileMigrationProvider({
    fs,
    path,
    migrationFolder: path.join(import.meta.dirname, '../migrations'),
    import: (file) => import(pathToFileURL(file).href),
  })
  return new Migrator({ db, provider })
}
