import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createAccount } from '@loqui/core/accounts/create'
import { type Scope, scopes } from '@loqui/core/actor'
import { wireId } from '@loqui/core/ids'
import { mintKey } from '@loqui/core/keys/mint'
import type { Db } from '@loqui/db/client'
import { freePort } from '@loqui/db/embedded-port'
import type { Role } from '@loqui/db/schema/accounts'
import { type RunningProcess, type StartOptions, startProcess } from '@loqui/process/testing'
import { createStorage } from '@loqui/storage/create'
import type { Storage } from '@loqui/storage/storage'

/** Servers and workers as they run for people, on a database and a directory of their own. */
export interface LoquiProcesses {
  /** Of the first server. */
  readonly url: string
  /** The processes as they run now, in the order they were started. */
  readonly servers: readonly TestServer[]
  readonly workers: readonly TestProcess[]
  /** What the processes keep audio in, and the directory it is. */
  readonly storage: Storage
  readonly audioDirectory: string
  /** Makes an account and a key of it, without asking a server. */
  user(options?: UserOptions): Promise<TestUser>
  startServer(env?: NodeJS.ProcessEnv, options?: Pick<StartOptions, 'execPath' | 'execArgv'>): Promise<TestServer>
  startWorker(env?: NodeJS.ProcessEnv): Promise<TestProcess>
  /** Waits until a process has complained of this, and takes it. */
  expectTrouble(pattern: RegExp): Promise<void>
  /**
   * What processes have complained of since the last call: that they died without being told to, wrote to standard
   * error or logged an error.
   */
  takeTrouble(): string[]
  /** Every line that processes have written. */
  readonly output: readonly string[]
  /** Stops all that still runs, as a supervisor does, and removes the directory. Answers the exit codes. */
  close(): Promise<(number | null)[]>
}

export interface UserOptions {
  readonly role?: Role
  readonly planId?: string
  /** Of the key. Default: all of them. */
  readonly scopes?: readonly Scope[]
}

export interface TestUser {
  /** `usr_…` */
  readonly id: string
  readonly email: string
  readonly password: string
  /** `key_…` */
  readonly keyId: string
  /** What goes into `Authorization: Bearer`. */
  readonly key: string
}

/** A server or a worker as it runs for people. */
export type TestProcess = RunningProcess

export interface TestServer extends TestProcess {
  readonly url: string
}

export interface LoquiOptions {
  /** Default 1. */
  readonly servers?: number
  /** Default 1. */
  readonly workers?: number
  /** Of every process, beside what every process gets. */
  readonly env?: NodeJS.ProcessEnv
}

const apps = path.join(import.meta.dirname, '../..')

/** Starts servers and workers on a migrated database. What goes wrong in them is for the caller to ask: `takeTrouble`. */
export async function openLoqui(
  { db, connectionString }: { readonly db: Db; readonly connectionString: string },
  options: LoquiOptions = {},
): Promise<LoquiProcesses> {
  // Named as scripts/temporary-database.ts names its own, which sweeps what a killed run leaves.
  const directory = await mkdtemp(path.join(tmpdir(), `loqui-test-${process.pid}-`))
  const audioDirectory = path.join(directory, 'audio')
  const servers: TestServer[] = []
  const workers: TestProcess[] = []
  const output: string[] = []
  const trouble: string[] = []
  const heard = new EventEmitter()

  const startApp = async (
    app: string,
    env: NodeJS.ProcessEnv,
    running: TestProcess[],
    options: Pick<StartOptions, 'execPath' | 'execArgv'> = {},
  ): Promise<TestProcess> => {
    const started = await startProcess(path.join(apps, app, 'src/main.ts'), {
      ...options,
      env,
      onLine: (line) => output.push(line),
      onTrouble(message) {
        trouble.push(`${app}: ${message}`)
        heard.emit('trouble')
      },
    })
    const process: TestProcess = {
      ...started,
      async end(signal) {
        const index = running.indexOf(process)
        if (index >= 0) running.splice(index, 1)
        return started.end(signal)
      },
    }
    running.push(process)
    return process
  }
  const common = {
    NODE_ENV: 'test',
    DATABASE_URL: connectionString,
    LOQUI_DATA_DIR: directory,
    SECRET_KEY: 'the secret of this test',
    ...options.env,
  }
  const startServer = async (
    env: NodeJS.ProcessEnv = {},
    options?: Pick<StartOptions, 'execPath' | 'execArgv'>,
  ): Promise<TestServer> => {
    const { PORT: port = String(await freePort()) } = env
    const url = `http://127.0.0.1:${port}`
    const started = await startApp('server', { ...common, PORT: port, PUBLIC_URL: url, ...env }, servers, options)
    const server = Object.assign(started, { url })
    return server
  }
  const startWorker = (env: NodeJS.ProcessEnv = {}) => startApp('worker', { ...common, ...env }, workers)
  const close = async () => {
    const codes = await Promise.all([...servers, ...workers].map((process) => process.end('SIGTERM')))
    await rm(directory, { recursive: true, force: true })
    return codes
  }

  try {
    await Promise.all([
      ...Array.from({ length: options.servers ?? 1 }, () => startServer()),
      ...Array.from({ length: options.workers ?? 1 }, () => startWorker()),
    ])
  } catch (error) {
    await close()
    throw error
  }
  let users = 0
  return {
    get url() {
      const [first] = servers
      if (!first) throw new Error('no server runs')
      return first.url
    },
    servers,
    workers,
    storage: await createStorage(`file:${audioDirectory}`),
    audioDirectory,
    startServer,
    startWorker,
    takeTrouble: () => trouble.splice(0),
    output,
    async expectTrouble(pattern) {
      for (;;) {
        const index = trouble.findIndex((message) => pattern.test(message))
        if (index >= 0) return void trouble.splice(index, 1)
        await once(heard, 'trouble')
      }
    },
    async user({ role = 'user', planId = 'unlimited', scopes: allowed = scopes } = {}) {
      const email = `person-${++users}@example.com`
      const password = `password-${users}`
      const account = await createAccount(db, { email, password, name: null, role, planId })
      const { row, secret } = await mintKey(db, {
        userId: account.id,
        name: 'test',
        scopes: [...allowed],
        expiresAt: null,
      })
      return { id: wireId('user', account.id), email, password, keyId: wireId('key', row.id), key: secret }
    },
    close,
  }
}
