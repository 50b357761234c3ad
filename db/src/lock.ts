import { sql } from 'kysely'
import type { Trx } from './client.ts'

/**
 * Every class of advisory lock, and what holding one of its keys means. `lock_key()` in the database makes the same
 * number from class and key for the functions that lock in SQL.
 *
 * Order, where more than one is taken: as listed.
 */
export type LockClass =
  /** key: job name. One process at a time takes work from a queue, so that limits across processes hold. */
  | 'queue'
  /** key: user id. Whoever holds it is alone in reading and changing this user's balance, and in saying what their consents allow. */
  | 'quota'
  /** key: user id. One call at a time looks for a free place of this user. */
  | 'lease'
  /** key: user id. One upload at a time finds out whether there is room for it. */
  | 'storage'
  /** key: user id. One call at a time finds out whether there is room for another pronunciation. */
  | 'pronunciations'
  /** key: `presets`. One process at a time writes the preset voices. */
  | 'voices'
  /** key: `first`. One process at a time makes the first administrator. */
  | 'bootstrap'

/** Waits for the lock and holds it until the transaction ends. Always its own statement: the next one reads afresh. */
export async function lock(trx: Trx, lockClass: LockClass, key: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(lock_key(${lockClass}, ${key}))`.execute(trx)
}
