import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Db } from '@loqui/db/client'
import { freePort } from '@loqui/db/embedded-port'
import { type RunningProcess, startProcess } from '@loqui/process/testing'
import { sql } from 'kysely'
import { openDatabases } from '../databases.ts'
import { root } from '../start/root.ts'
import { workerFlags } from '../start/worker-flags.ts'

export interface BenchOptions {
  /** Counted rounds; one more warms up. */
  readonly rounds: number
  /** What each contender gets in a round, where it is measured by time. */
  readonly seconds: number
  /** What each of them gets at least in the round that warms up. */
  readonly warmUpSeconds: number
  /** The share of full length at which things are measured that are counted, above 0 to 1. */
  readonly scale: number
  /** Where the servers and workers write CPU profiles, if anywhere. */
  readonly profile: string | undefined
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

/** What measurements run on: a PostgreSQL that is durable as in production, and real processes. All is gone at the end. */
export interface Bench extends BenchOptions, AsyncDisposable {
  /** Such as `PostgreSQL 18.4 on …`. */
  readonly postgres: string
  readonly directory: string
  /** A migrated, empty database. */
  database(): Promise<BenchDatabase>
  startServer(databaseUrl: string, options?: AppOptions): Promise<BenchServer>
  startWorker(databaseUrl: string, options?: AppOptions): Promise<RunningProcess>
  /** Starts a `.child.ts` of this folder. */
  startChild(name: string, env?: NodeJS.ProcessEnv): Promise<RunningProcess>
}

export interface BenchDatabase {
  readonly connectionString: string
  readonly db: Db
  /** @throws Error with the rows of `report.violations()`, if there are any. */
  assertSound(): Promise<void>
}

export interface BenchServer extends RunningProcess {
  readonly port: number
}

export interface AppOptions {
  /** A module of this folder that the process loads before anything else. */
  readonly preload?: string
  /** Beside what every process gets. */
  readonly env?: NodeJS.ProcessEnv
}

export async function openBench(options: BenchOptions): Promise<Bench> {
  await using cleanup = new AsyncDisposableStack()
  // Named as scripts/temporary-database.ts names its own, which sweeps what a killed run leaves.
  const directory = await mkdtemp(join(tmpdir(), `loqui-test-${process.pid}-bench-`))
  cleanup.defer(() => rm(directory, { recursive: true, force: true }))
  const databases = cleanup.use(await openDatabases({ durable: true }))

  const owned = cleanup.move()
  const start = async (main: string, env: NodeJS.ProcessEnv, execArgv: readonly string[] = []) => {
    options.signal.throwIfAborted()
    let started: RunningProcess | undefined
    const onTrouble = (message: string) => {
      // What ends a process before it is ready comes as an error; what comes while all is taken down is no news.
      if (started && !options.signal.aborted) options.log(`  ${relative(root, main)}: ${message.slice(0, 1_000)}`)
    }
    started = await startProcess(main, { env, execArgv, onTrouble })
    const { end } = started
    owned.defer(async () => void (await end('SIGTERM')))
    return started
  }
  const startApp = (app: string, env: NodeJS.ProcessEnv, { preload, env: more }: AppOptions = {}) =>
    start(
      join(root, 'apps', app, 'src/main.ts'),
      { NODE_ENV: 'test', LOQUI_DATA_DIR: directory, SECRET_KEY: 'the secret of a bench', ...env, ...more },
      [
        ...(app === 'worker' ? workerFlags : []),
        ...(preload === undefined ? [] : ['--import', join(import.meta.dirname, preload)]),
        ...(options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]),
      ],
    )

  return {
    ...options,
    directory,
    postgres: databases.version,
    async database() {
      const { connectionString, db } = await databases.create()
      return {
        connectionString,
        db,
        async assertSound() {
          const { rows } = await sql`select * from report.violations() limit 3`.execute(db)
          if (rows.length > 0) throw new Error(`report.violations(): ${JSON.stringify(rows)}`)
        },
      }
    },
    async startServer(databaseUrl, app) {
      const port = await freePort()
      const env = { DATABASE_URL: databaseUrl, PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` }
      return Object.assign(await startApp('server', env, app), { port })
    },
    startWorker: (databaseUrl, app) => startApp('worker', { DATABASE_URL: databaseUrl }, app),
    startChild: (name, env = {}) => start(join(import.meta.dirname, `${name}.child.ts`), env),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
