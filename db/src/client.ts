import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { appRole, mayTakeOn } from './rights.ts'
import type { Database } from './schema/database.ts'

export type Db = Kysely<Database>

/** An open transaction. A function that locks or enqueues asks for it, so that doing so outside one does not compile. */
export type Trx = Transaction<Database>

export interface DbConfig {
  readonly connectionString: string
  /** Most connections of this process. Default 10. */
  readonly max?: number
  /** Told of connections that broke; the pool replaces them by itself. */
  readonly onError?: (error: Error) => void
  /** `owner` keeps the rights of who logs in, for who changes the schema. Default: the processes' role of `rights.ts`. */
  readonly role?: 'owner'
  /**
   * `soon` answers a commit before it is on disk: for what may be forgotten in a crash of the database, such as who has
   * fetched a job. Nothing that was said later outlives it: one log holds all commits in their order.
   */
  readonly commit?: 'soon'
}

/**
 * Opens a pool. Each limit ends a wait that could otherwise last for ever: `query_timeout` is the only one that also
 * ends a query whose connection is half-open, since the others are the server's to keep.
 *
 * Everything runs READ COMMITTED, whatever the database's default: under REPEATABLE READ two writers of one row do not
 * wait for each other, the second one fails.
 */
export function createDb(config: DbConfig): Db {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: createPool(config) }) })
}

/** The pool below `createDb`, for statements that have to be sent without waiting for the answers to those before. */
export function createPool(config: DbConfig): pg.Pool {
  const onError = config.onError ?? (() => undefined)
  const pool = new pg.Pool({
    connectionString: config.connectionString,
    max: config.max ?? 10,
    application_name: 'loqui',
    // Includes the wait for a free connection, which a burst makes long: calls of one user take turns at the quota lock.
    connectionTimeoutMillis: 8_000,
    query_timeout: 10_000,
    statement_timeout: 8_000,
    // Two hundred creates of one user wait for one lock; on a busy machine the last of them waits seconds.
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    maxLifetimeSeconds: 1_800,
    // Only in this mode does pg close a connection whose query timed out; the next query would wait behind it for ever.
    pipeline: true,
    types: { getTypeParser },
    onConnect: (client) => prepareConnection(client, config),
  })
  // The pool listens to idle connections only: one that breaks while it is in use would end the process.
  pool.on('connect', (client) => client.on('error', onError))
  pool.on('error', () => undefined)
  return pool
}

/**
 * Sets the isolation, here and not by `options`, which those of a connection string replace; and gives up the rights of an
 * owner, where there is a role to work under: see `rights.ts`.
 */
export async function prepareConnection(
  client: pg.ClientBase,
  { role, commit }: Pick<DbConfig, 'role' | 'commit'>,
): Promise<void> {
  await client.query(
    `select set_config('default_transaction_isolation', 'read committed', false),
      (select set_config('synchronous_commit', 'off', false) where $2),
      (select set_config('role', rolname, false) from pg_roles where rolname = $1 and pg_has_role(oid, ${mayTakeOn}))`,
    [role === 'owner' ? null : appRole, commit === 'soon'],
  )
}

/** @returns whether the database answers. */
export function ping(db: Db): Promise<boolean> {
  return sql`select 1`.execute(db).then(
    () => true,
    () => false,
  )
}

/** Milliseconds, micro-dollars, bytes and event numbers all stay below 2^53, so `bigint` columns arrive as numbers. */
const parseBigint = (value: string): number => {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} does not fit in a number`)
  return number
}

const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 && format !== 'binary' ? parseBigint : pg.types.getTypeParser(oid, format as 'text')
