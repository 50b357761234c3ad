import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { administer } from './embedded-administer.ts'
import { type Access, broken, type Cluster, openCluster, SUPERUSER, writeAccess } from './embedded-cluster.ts'
import { StartError } from './embedded-error.ts'
import { freePort, isFree } from './embedded-port.ts'
import {
  disarmPidFile,
  type Postmaster,
  PostmasterFailure,
  runningOn,
  shutDown,
  startPostmaster,
} from './embedded-postmaster.ts'
import { explain } from './embedded-program.ts'

const DATABASE = 'loqui'
/** How long the remains of a postmaster that was killed may take to notice and go. */
const REMAINS_MS = 15_000

export interface EmbeddedOptions {
  /** Where the database lies; made if missing. The caller sees to it that no second start uses it at the same time. */
  readonly directory: string
  /** The loopback port; by default the one of the last start, or a free one when that is taken. */
  readonly port?: number
  /** `false` gives up surviving a power cut, and the last commits before a kill, for speed: for tests. */
  readonly durable?: boolean
  /** Lines for the person who waits or looks for a cause: progress, and what PostgreSQL logs as LOG, FATAL or PANIC. */
  readonly onLog?: (line: string) => void
  /** Ends a start that is still under way; it rejects with the signal's reason once nothing of it runs any more. */
  readonly signal?: AbortSignal
}

export interface EmbeddedPostgres {
  readonly connectionString: string
  readonly port: number
  readonly pid: number
  /** Resolves when PostgreSQL has ended, asked to or not. */
  readonly exited: Promise<void>
  /** Ends all connections, writes everything to disk and ends: PostgreSQL's fast shutdown. */
  stop(): Promise<void>
  /** Ends at once: PostgreSQL's immediate shutdown, after which the next start replays the log. */
  kill(): void
}

/**
 * Starts the PostgreSQL that npm brings, on loopback, with a database `loqui`; makes it on the first start.
 * A server that a killed start left running on the same directory is shut down first.
 *
 * @throws {StartError} with a sentence that says what to do: a full disk, a taken port, a directory that is not whole,
 * of another version or of another user, a machine it does not run on.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { directory, durable = true, onLog = () => undefined, signal } = options
  if (options.port !== undefined && !(await isFree(options.port))) throw taken(options.port)
  const cluster = await openCluster(directory, { durable, onLog, signal })
  await stopOrphan(directory, onLog)
  await disarmPidFile(cluster.data, cluster.identity)
  const { postmaster, port } = await startOnPort(cluster, options)
  try {
    const access: Access = { password: cluster.access.password, port }
    if (port !== cluster.access.port) await writeAccess(directory, access)
    await ensureDatabase(access)
    return { connectionString: connectionString(access, DATABASE), port, ...postmaster }
  } catch (error) {
    await postmaster.stop()
    if (Object(error).code === '28P01') throw broken(directory, 'the password in access.json is not that of the data')
    throw error
  }
}

/** Shuts down a PostgreSQL that a killed parent left running on `directory`, if there is one. */
export async function stopOrphan(directory: string, onLog?: (line: string) => void): Promise<void> {
  const data = join(directory, 'data')
  const pid = await runningOn(data)
  if (pid === null) return
  onLog?.(`Stopping a PostgreSQL that an earlier start left running (process ${pid}) …`)
  await shutDown(pid, data)
}

/** Starts on the port asked for, else on the kept one, else on a free one, whose last owner may be quicker than we are. */
async function startOnPort(
  cluster: Cluster,
  { port: wanted, durable = true, onLog = () => undefined, signal }: EmbeddedOptions,
): Promise<{ postmaster: Postmaster; port: number }> {
  const { data, identity, runtime, access } = cluster
  const kept = access.port !== 0 && (await isFree(access.port)) ? access.port : undefined
  let port = wanted ?? kept ?? (await freePort())
  const deadline = Date.now() + REMAINS_MS
  for (;;) {
    signal?.throwIfAborted()
    try {
      return { postmaster: await startPostmaster({ runtime, data, identity, port, durable, onLog, signal }), port }
    } catch (error) {
      if (!(error instanceof PostmasterFailure)) throw error
      if (error.kind === 'port' && wanted !== undefined) throw taken(wanted)
      if (error.kind === 'other' || Date.now() > deadline) throw explain(error.output, cluster.directory, identity)
      if (error.kind === 'port') port = await freePort()
      else await delay(100)
    }
  }
}

async function ensureDatabase(access: Access): Promise<void> {
  const server = connectionString(access, 'postgres')
  const there = await administer(server, 'select from pg_database where datname = $1', [DATABASE])
  if (there.length === 0) await administer(server, `create database ${DATABASE}`)
}

function connectionString({ password, port }: Access, database: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`
}

function taken(port: number): StartError {
  return new StartError(
    `Port ${port} on 127.0.0.1 is taken by another program: choose another for PostgreSQL, or end that program.`,
  )
}
