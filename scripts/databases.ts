import { createDb, type Db } from '@loqui/db/client'
import { administer } from '@loqui/db/embedded-administer'
import { migrate } from '@loqui/db/migrate'
import { temporaryDatabase } from './temporary-database.ts'

/** A migrated database of its own, as processes see it and as its owner does. */
export interface Database {
  readonly connectionString: string
  readonly db: Db
  readonly owner: Db
}

/** A PostgreSQL that makes migrated, empty databases, and is gone with them at the end. */
export interface Databases extends AsyncDisposable {
  /** Such as `PostgreSQL 18.4 on …`. */
  readonly version: string
  create(): Promise<Database>
}

/** @param options as those of `temporaryDatabase`. */
export async function openDatabases(options: { readonly durable?: boolean } = {}): Promise<Databases> {
  await using cleanup = new AsyncDisposableStack()
  const server = await temporaryDatabase(options)
  cleanup.defer(() => server.stop())
  const named = (name: string) => Object.assign(new URL(server.connectionString), { pathname: `/${name}` }).href
  await administer(server.connectionString, 'create database template')
  await migrate(named('template'))
  // A template cannot be cloned while anybody is connected to it.
  await administer(server.connectionString, 'alter database template allow_connections false')
  const [version] = await administer(server.connectionString, 'select version() as version')
  const owned = cleanup.move()
  let databases = 0
  return {
    version: String(Object(version).version),
    async create() {
      const name = `loqui_${++databases}`
      await administer(server.connectionString, `create database ${name} template template`)
      const connectionString = named(name)
      const db = createDb({ connectionString, max: 4 })
      const owner = createDb({ connectionString, max: 4, role: 'owner' })
      owned.defer(async () => {
        await Promise.all([db.destroy(), owner.destroy()])
      })
      return { connectionString, db, owner }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
