import type { Db, Trx } from './client.ts'

/**
 * Runs `run` in a transaction: opens one, or joins the one it is given.
 *
 * READ COMMITTED is said aloud because the quota lock depends on it: under a database whose default is REPEATABLE READ
 * the sum after the lock would be read from before it.
 */
export function transaction<T>(db: Db | Trx, run: (trx: Trx) => Promise<T>): Promise<T> {
  // Kysely types `isTransaction` on both but does not narrow by it.
  if (db.isTransaction) return run(db as Trx)
  return db.transaction().setIsolationLevel('read committed').execute(run)
}
