import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { lchown, readFile, readlink, realpath, rename, writeFile } from 'node:fs/promises'
import { platform } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Identity } from './embedded-identity.ts'
import { programOptions, seenFrom } from './embedded-program.ts'
import type { Runtime } from './embedded-runtime.ts'

/** How long a fast shutdown may take before it becomes an immediate one, which replays the log at the next start. */
const SHUTDOWN_MS = 20_000

const PID_FILE = 'postmaster.pid'

export interface Postmaster {
  readonly pid: number
  readonly exited: Promise<void>
  stop(): Promise<void>
  kill(): void
}

/** PostgreSQL ended before it was ready. `remains`: processes of a killed one still hold the directory; they go by themselves. */
export class PostmasterFailure extends Error {
  override readonly name = 'PostmasterFailure'
  readonly kind: 'port' | 'remains' | 'other'
  readonly output: string

  constructor(output: string) {
    super(output)
    this.output = output
    this.kind = output.includes('Address already in use')
      ? 'port'
      : output.includes('pre-existing shared memory block')
        ? 'remains'
        : 'other'
  }
}

export interface PostmasterOptions {
  readonly runtime: Runtime
  readonly data: string
  readonly identity: Identity
  readonly port: number
  readonly durable: boolean
  readonly onLog: (line: string) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Starts PostgreSQL on a data directory and waits until it accepts connections, however long it replays its log.
 *
 * @throws {PostmasterFailure} with what it printed.
 */
export function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { runtime, data, identity, onLog, signal } = options
  const child = spawn(runtime.postgres, ['-D', seenFrom(data, identity), ...settings(options)], {
    ...programOptions(data, identity),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<Postmaster>()
  const exited = new Promise<void>((done) => child.once('close', () => done()))
  const abort = (): void => void child.kill('SIGINT')
  signal?.addEventListener('abort', abort, { once: true })
  const output: string[] = []
  let ready = false
  createInterface(child.stderr).on('line', (line) => {
    onLog(line)
    if (ready) return
    output.push(line)
    if (!line.includes('database system is ready to accept connections')) return
    ready = true
    signal?.removeEventListener('abort', abort)
    resolve({ pid: child.pid ?? 0, exited, stop: () => stop(child, exited), kill: () => void child.kill('SIGQUIT') })
  })
  child.once('error', reject)
  child.once('close', () => {
    signal?.removeEventListener('abort', abort)
    reject(signal?.aborted ? signal.reason : new PostmasterFailure(output.join('\n')))
  })
  return promise
}

function settings({ port, durable }: PostmasterOptions): string[] {
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Down to LOG: what a statement did wrong is for the client that sent it, and may quote what a person wrote.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    random_page_cost: 1.1,
    // Compiling pays off for statements of seconds; ours take milliseconds.
    jit: 'off',
    // Parallel plans live in /dev/shm, of which a container has 64 MB, and two cores gain nothing from them.
    max_parallel_workers_per_gather: 0,
    ...(durable
      ? { shared_buffers: '256MB', wal_compression: 'on' }
      : {
          shared_buffers: '64MB',
          fsync: 'off',
          synchronous_commit: 'off',
          full_page_writes: 'off',
          wal_level: 'minimal',
          max_wal_senders: 0,
          io_method: 'sync',
        }),
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGQUIT'), SHUTDOWN_MS)
  await exited
  clearTimeout(timer)
}

/** The process of the PostgreSQL that runs on `data`, by its postmaster.pid, which may also be left over from a dead one. */
export async function runningOn(data: string): Promise<number | null> {
  const pid = Number((await readPidFile(data))[0])
  return Number.isInteger(pid) && pid > 1 && (await runsOn(pid, data)) ? pid : null
}

/** Ends the PostgreSQL with process number `pid`, which is nobody's child any more, and waits until it is gone. */
export async function shutDown(pid: number, data: string): Promise<void> {
  process.kill(pid, 'SIGINT')
  const deadline = Date.now() + SHUTDOWN_MS
  let hurried = false
  while (await runsOn(pid, data)) {
    if (!hurried && Date.now() > deadline) {
      process.kill(pid, 'SIGQUIT')
      hurried = true
    }
    await delay(20)
  }
}

/**
 * Makes a left over postmaster.pid harmless. When its process number has come to belong to another program, PostgreSQL
 * takes that program for itself and refuses to start; a file that names PostgreSQL's own parent counts as left over.
 * Removing the file instead would also remove the shared memory it names from the checks that keep two servers apart.
 */
export async function disarmPidFile(data: string, { uid, gid }: Identity): Promise<void> {
  const [pid, ...rest] = await readPidFile(data)
  if (!pid) return
  const path = join(data, PID_FILE)
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(aside, [process.pid, ...rest].join('\n'), { mode: 0o600, flag: 'wx' })
  if (uid !== undefined && gid !== undefined) await lchown(aside, uid, gid)
  await rename(aside, path)
}

async function readPidFile(data: string): Promise<string[]> {
  try {
    return (await readFile(join(data, PID_FILE), 'utf8')).split('\n')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(Object(error).code)) return []
    throw error
  }
}

/** Whether the process is a PostgreSQL at work in `data`: a dead one that nobody has waited for is not. */
async function runsOn(pid: number, data: string): Promise<boolean> {
  const real = await realpath(data)
  if (platform() === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === real
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return stdout.includes(data)
}
