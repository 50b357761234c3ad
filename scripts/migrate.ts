import { StartError } from '@loqui/db/embedded-error'
import { explainFile } from '@loqui/db/embedded-file'
import { migrate } from '@loqui/db/migrate'
import { openDatabase } from './start/database.ts'
import { loadEnv } from './start/env.ts'
import { lockData } from './start/lock.ts'
import { consoleLog } from './start/log.ts'

/** `npm run migrate`: brings the database up to this version, the embedded one too while Loqui does not run. */
const log = consoleLog()
try {
  const env = loadEnv()
  await using cleanup = new AsyncDisposableStack()
  if (env.databaseUrl === undefined) {
    const lock = lockData(env.dataDirectory, log)
    cleanup.use(
      await lock.catch((error: unknown) => {
        throw explainFile(error, env.dataDirectory)
      }),
    )
  }
  const database = await openDatabase(env, log, AbortSignal.any([]))
  cleanup.defer(() => database.stop())
  await migrate(database.connectionString)
  log('The database is up to date')
} catch (error) {
  process.exitCode = 1
  if (error instanceof StartError) process.stderr.write(`${error.message}\n`)
  else console.error(error)
}
