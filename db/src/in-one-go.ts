import type { Pool } from 'pg'
import type { LockClass } from './lock.ts'

/** As pg-boss calls a database. */
type ExecuteSql = (text: string, values?: unknown[]) => Promise<{ rows: object[] }>

/**
 * Runs one statement alone under an advisory lock, in a transaction of its own, and waits for the database once: begin, lock,
 * statement and commit are sent without waiting for the answers between. They are four statements all the same, so what the
 * one reads it reads after it has the lock.
 *
 * @param run calls what it is given once, and answers what becomes of the rows.
 * @throws what the database says of any of them; then nothing has happened.
 */
export async function inOneGo<T>(
  pool: Pool,
  { lockClass, key }: { readonly lockClass: LockClass; readonly key: string },
  run: (executeSql: ExecuteSql) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  const sent: Promise<unknown>[] = []
  const send: ExecuteSql = (text, values) => {
    const answer = client.query(text, values)
    // Looked at below, when all have been answered.
    answer.catch(() => undefined)
    sent.push(answer)
    return answer
  }
  let failure: Error | undefined
  try {
    void send('begin isolation level read committed')
    void send('select pg_advisory_xact_lock(lock_key($1, $2))', [lockClass, key])
    const result = await run((text, values) => {
      const answer = send(text, values)
      // Of a transaction in which something failed this is a rollback.
      void send('commit')
      return answer
    })
    await Promise.all(sent)
    return result
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
    await Promise.allSettled(sent)
    throw error
  } finally {
    // After a failure nobody knows what the connection is at.
    client.release(failure)
  }
}
