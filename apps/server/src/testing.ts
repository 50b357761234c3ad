import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { AppRouter } from '@loqui/api/router'
import { createAccount } from '@loqui/core/accounts/create'
import { type Scope, scopes } from '@loqui/core/actor'
import type { Generation } from '@loqui/core/generations/generation'
import { wireId } from '@loqui/core/ids'
import { mintKey } from '@loqui/core/keys/mint'
import { freePort } from '@loqui/db/embedded-port'
import type { Role } from '@loqui/db/schema/accounts'
import { type TestDatabase, testDatabase } from '@loqui/db/testing'
import { type RunningProcess, startProcess } from '@loqui/process/testing'
import { createStorage } from '@loqui/storage/create'
import type { Storage } from '@loqui/storage/storage'
import { createTRPCClient, httpLink, type TRPCClient, TRPCClientError } from '@trpc/client'
import superjson from 'superjson'
import { afterAll, afterEach, expect } from 'vitest'

/** A Loqui of a test file's own: database, directory, and real processes, all gone after the file. */
export interface TestLoqui extends TestDatabase {
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
  startServer(env?: NodeJS.ProcessEnv): Promise<TestServer>
  startWorker(env?: NodeJS.ProcessEnv): Promise<TestProcess>
  /** Waits until a process has complained of this, which then fails no test. */
  expectTrouble(pattern: RegExp): Promise<void>
  /** What processes have complained of since the test began, which then fails none: the test judges it. */
  takeTrouble(): string[]
  /** Every line that processes have written. */
  readonly output: readonly string[]
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

/**
 * Starts servers and workers as they run for people. Call it at the top of a test file. A test fails when a process dies
 * that was not told to, when one writes to standard error or logs an error that `expectTrouble` does not wait for, and when
 * `report.violations()` is not empty after it.
 */
export async function startLoqui(options: LoquiOptions = {}): Promise<TestLoqui> {
  const database = await testDatabase()
  // Named as scripts/temporary-database.ts names its own, which sweeps what a killed run leaves.
  const directory = await mkdtemp(path.join(tmpdir(), `loqui-test-${process.pid}-`))
  const audioDirectory = path.join(directory, 'audio')
  const servers: TestServer[] = []
  const workers: TestProcess[] = []
  const output: string[] = []
  const trouble: string[] = []
  const heard = new EventEmitter()

  const startApp = async (app: string, env: NodeJS.ProcessEnv, running: TestProcess[]): Promise<TestProcess> => {
    const started = await startProcess(path.join(apps, app, 'src/main.ts'), {
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
    DATABASE_URL: database.connectionString,
    LOQUI_DATA_DIR: directory,
    ...options.env,
  }
  const startServer = async (env: NodeJS.ProcessEnv = {}): Promise<TestServer> => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const started = await startApp('server', { ...common, PORT: String(port), PUBLIC_URL: url, ...env }, servers)
    const server = Object.assign(started, { url })
    return server
  }
  const startWorker = (env: NodeJS.ProcessEnv = {}) => startApp('worker', { ...common, ...env }, workers)

  const expectNoTrouble = () => {
    const found = trouble.splice(0)
    expect(found.slice(0, 5), `what processes complained of, ${found.length} times`).toEqual([])
  }
  afterEach(expectNoTrouble)
  afterAll(async () => {
    const codes = await Promise.all([...servers, ...workers].map((process) => process.end('SIGTERM')))
    await rm(directory, { recursive: true, force: true })
    expect(
      codes.filter((code) => code !== 0),
      'exit codes after SIGTERM',
    ).toEqual([])
    expectNoTrouble()
  })

  await Promise.all([
    ...Array.from({ length: options.servers ?? 1 }, () => startServer()),
    ...Array.from({ length: options.workers ?? 1 }, () => startWorker()),
  ])
  let users = 0
  return {
    ...database,
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
      const account = await createAccount(database.db, { email, password, name: null, role, planId })
      const { row, secret } = await mintKey(database.db, {
        userId: account.id,
        name: 'test',
        scopes: [...allowed],
        expiresAt: null,
      })
      return { id: wireId('user', account.id), email, password, keyId: wireId('key', row.id), key: secret }
    },
  }
}

/** Calls over HTTP, one request each, in the name of whoever the headers name. */
export function client(url: string, headers: Record<string, string> | TestUser = {}): TRPCClient<AppRouter> {
  const sent = 'key' in headers ? { authorization: `Bearer ${headers.key}` } : (headers as Record<string, string>)
  return createTRPCClient<AppRouter>({
    links: [httpLink({ url: `${url}/trpc`, transformer: superjson, headers: sent })],
  })
}

/** Looks again and again until it is as expected; a machine that is busy with other tests gets the time it needs. */
export const eventually = <Value>(look: () => Value | Promise<Value>, timeoutMs = 15_000) =>
  expect.poll(look, { timeout: timeoutMs, interval: 20 })

/** Follows a generation to its end. @throws when it does not succeed. */
export async function finished(api: TRPCClient<AppRouter>, id: string): Promise<Generation> {
  for (;;) {
    const generation = await api.generations.get.query({ id })
    if (generation.state === 'succeeded') return generation
    if (generation.finishedAt !== null) throw new Error(`${id} ${generation.state}: ${generation.error?.message}`)
    await setTimeout(20)
  }
}

/** What a refused call says: its reason and status. Rejects with whatever else happened, and when nothing was refused. */
export async function refusal(call: Promise<unknown>): Promise<{ reason: string; status: number; message: string }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof TRPCClientError) || !error.data) throw error
    return { reason: error.data.reason, status: error.data.httpStatus, message: error.message }
  }
  throw new Error('the call was not refused')
}
