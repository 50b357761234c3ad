import { promises as fs } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { createDb } from './client.ts'
import { migrateQueue } from './queue.ts'

/** Brings a database up to what this version expects: our schema, forward only, then the queue's own tables. */
export async function migrate(connectionString: string): Promise<void> {
  const db = createDb({ connectionString, max: 1 })
  try {
    const migrator = new Migrator({
      db,
      provider: new FileMigrationProvider({
        fs,
        path,
        migrationFolder: path.join(import.meta.dirname, '../migrations'),
        import: (file) => import(pathToFileURL(file).href),
      }),
    })
    const { error } = await migrator.migrateToLatest()
    if (error) throw error
  } finally {
    await db.destroy()
  }
  await migrateQueue(connectionString)
}
