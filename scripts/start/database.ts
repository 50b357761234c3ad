import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type EmbeddedPostgres, startEmbedded } from '@loqui/db/embedded'
import { administer } from '@loqui/db/embedded-administer'
import { StartError } from '@loqui/db/embedded-error'
import type { Env } from './env.ts'
import type { Log } from './log.ts'

/** The oldest PostgreSQL that has what the migrations use, as `server_version_num`. */
const OLDEST_VERSION = 150_000
const RESTART_WAIT_MS = 1_000

export interface Database {
  readonly connectionString: string
  /** Shuts the embedded PostgreSQL down; nothing with another one. */
  stop(): Promise<void>
  /** Ends the embedded PostgreSQL without shutting it down: its next start replays its log. */
  kill(): void
}

/**
 * The PostgreSQL that DATABASE_URL names, or else the embedded one, which is started again should it end.
 *
 * @throws {StartError} when it cannot be used.
 */
export async function openDatabase(
  { databaseUrl, dataDirectory }: Pick<Env, 'databaseUrl' | 'dataDirectory'>,
  log: Log,
  signal: AbortSignal,
): Promise<Database> {
  if (databaseUrl !== undefined) {
    await checkDatabase(databaseUrl)
    return { connectionString: databaseUrl, stop: async () => undefined, kill: () => undefined }
  }
  const directory = join(dataDirectory, 'postgres')
  let ready = false
  let stopping = false
  const onLog = (line: string): void => {
    const [, level, message] = / (LOG|FATAL|PANIC): {2}(.*)/.exec(line) ?? []
    // Of its own accord PostgreSQL says much; what it says while it stops is what was asked for.
    if (level === undefined ? !ready : level !== 'LOG' && !stopping) log(message ?? line, 'postgres')
  }
  let server: EmbeddedPostgres = await startEmbedded({ directory, onLog, signal })
  ready = true

  /** Starts it again whenever it ends, on the same port, since everybody knows it by that. */
  async function keepRunning(): Promise<void> {
    for (;;) {
      await server.exited
      if (stopping) return
      log('ended; starting it again', 'postgres')
      try {
        server = await startEmbedded({ directory, port: server.port, onLog })
        if (stopping) await server.stop()
      } catch (error) {
        log(reason(error), 'postgres')
        await delay(RESTART_WAIT_MS)
      }
    }
  }

  const ended = keepRunning()
  return {
    connectionString: server.connectionString,
    async stop() {
      stopping = true
      await server.stop()
      await ended
    },
    kill() {
      stopping = true
      server.kill()
    },
  }
}

/** @throws {StartError} when the database does not answer or is too old; its address holds a password and is not shown. */
async function checkDatabase(databaseUrl: string): Promise<void> {
  const { host } = new URL(databaseUrl)
  let version: number
  try {
    const [row] = await administer(databaseUrl, `select current_setting('server_version_num')::int as version`)
    version = Number(Object(row).version)
  } catch (error) {
    throw new StartError(
      `DATABASE_URL cannot be used, because PostgreSQL at ${host} does not answer as hoped (${reason(error)}): start it or correct DATABASE_URL, or leave it out to use the embedded PostgreSQL.`,
      { cause: error },
    )
  }
  if (version < OLDEST_VERSION) {
    throw new StartError(
      `DATABASE_URL names a PostgreSQL ${Math.floor(version / 10_000)}, and Loqui needs 15 or newer: upgrade it, or leave DATABASE_URL out to use the embedded PostgreSQL.`,
    )
  }
}

/** Node tries each address of a host, and says what each answered only in the parts. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ')
  return error instanceof Error ? error.message : String(error)
}
