import { join } from 'node:path'
import { createDb } from '@loqui/db/client'
import { explainFile } from '@loqui/db/embedded-file'
import { migrate } from '@loqui/db/migrate'
import { openLogin } from '@loqui/db/rights'
import { type KeptCredentials, keepCredentials } from './credentials.ts'
import { type Database, openDatabase } from './database.ts'
import type { Env } from './env.ts'
import { type DataLock, lockData, type Running } from './lock.ts'
import type { Log } from './log.ts'
import { checkPort } from './port.ts'
import { root } from './root.ts'
import { keepSecret } from './secret.ts'
import { buildStudio } from './studio.ts'
import { type Service, supervise } from './supervise.ts'
import { workerFlags } from './worker-flags.ts'

export interface RunOptions {
  readonly env: Env
  readonly log: Log
  /** Stops everything, each part after what depends on it. */
  readonly stop: AbortSignal
  /** Ends everything at once, for a person who does not want to wait. */
  readonly force: AbortSignal
  readonly onReady: (ready: Ready) => void
}

/** What is known once the server and the worker are ready. */
interface Ready {
  readonly url: string
  readonly services: readonly Service[]
  /** None in production, where no administrator is made. */
  readonly credentials: KeptCredentials | undefined
}

/**
 * Starts all of Loqui on this machine and keeps it running until `stop`.
 *
 * @throws {StartError} when it cannot be started, in a sentence that says what to do.
 */
export async function run({ env, log, stop, force, onReady }: RunOptions): Promise<void> {
  const { dataDirectory } = env
  const inData = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw explainFile(error, dataDirectory)
    })
  await using cleanup = new AsyncDisposableStack()
  try {
    const lock = cleanup.use(await inData(lockData(dataDirectory, log)))
    const port = await checkPort(env.http.host, env.http.port)
    const url = env.http.publicUrl ?? `http://localhost:${port}`

    const database = await prepare(env, log, stop, cleanup)
    force.addEventListener('abort', () => database.kill())
    const databaseUrl = database.connectionString
    await migrate(databaseUrl)
    const secretKey = env.secretKey ?? (await inData(keepSecret(dataDirectory)))
    const credentials = env.mode === 'production' ? undefined : await inData(credentialsFor(env, url, databaseUrl, log))
    stop.throwIfAborted()

    const services = startServices(lock, log, {
      ...process.env,
      NODE_ENV: env.mode,
      HOST: env.http.host,
      PORT: String(port),
      PUBLIC_URL: url,
      LOQUI_DATA_DIR: dataDirectory,
      // What works under a given one, and as whom, is for its owner to say.
      DATABASE_URL: env.databaseUrl ?? (await openLogin(databaseUrl)),
      STORAGE_URL: env.storageUrl,
      SECRET_KEY: secretKey,
    })
    cleanup.defer(async () => void (await Promise.all(services.map((service) => service.stop()))))
    force.addEventListener('abort', () => {
      for (const service of services) service.kill()
    })
    await Promise.race([Promise.all(services.map(({ ready }) => ready)), aborted(stop)])
    stop.throwIfAborted()

    onReady({ url, services, credentials })
    await aborted(stop)
  } catch (error) {
    if (!stop.aborted) throw error
  }
}

/** Opens the database and builds the studio at the same time; what fails first ends the other. */
async function prepare(env: Env, log: Log, stop: AbortSignal, cleanup: AsyncDisposableStack): Promise<Database> {
  log(`Starting ${env.databaseUrl === undefined ? 'PostgreSQL' : 'on the given PostgreSQL'} and building the studio …`)
  const failure = new AbortController()
  const signal = AbortSignal.any([stop, failure.signal])
  const fail = (error: unknown): void => failure.abort(error)
  const database = openDatabase(env, log, signal)
  const studio = buildStudio(signal)
  database.then(({ stop }) => cleanup.defer(stop), fail)
  studio.catch(fail)
  await Promise.allSettled([database, studio])
  signal.throwIfAborted()
  return database
}

async function credentialsFor(env: Env, url: string, databaseUrl: string, log: Log): Promise<KeptCredentials> {
  const db = createDb({ connectionString: databaseUrl, max: 1 })
  try {
    return await keepCredentials(env.dataDirectory, db, { url, databaseUrl }, log)
  } finally {
    await db.destroy()
  }
}

function startServices(lock: DataLock, log: Log, env: NodeJS.ProcessEnv): Service[] {
  const running = new Map<string, Running>()
  return ['server', 'worker'].map((name) => {
    const entry = join(root, 'apps', name, 'src/main.ts')
    const onSpawn = (pid: number): void => {
      running.set(name, { pid, command: entry })
      lock.note([...running.values()])
    }
    const execArgv = [...process.execArgv, ...(name === 'worker' ? workerFlags : [])]
    return supervise({ name, entry, env, execArgv, log, onSpawn })
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
