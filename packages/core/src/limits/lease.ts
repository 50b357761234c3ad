import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'

/** What a process that was killed held is free again after this. */
const keepSeconds = 30
const keep = `${keepSeconds} seconds`
const renewMs = (keepSeconds * 1_000) / 3

/**
 * Does work that somebody waits for, in one of as many places at a time as the user's plan has. Generations wait on the
 * queue for theirs instead, which are counted by themselves (`db/src/queue.ts`).
 *
 * @throws {Refusal} `concurrency_limited` when all of them are taken; whatever `work` throws.
 */
export async function withLease<T>(
  { db, log }: Caller<'db' | 'log'>,
  userId: string,
  work: () => Promise<T>,
): Promise<T> {
  const id = newId()
  const { rows } = await sql<{ held: boolean; places: number }>`
    select held, places from lease_take(${id}, ${userId}, ${keep}::interval)
  `.execute(db)
  const [taken] = rows
  if (!taken) throw new Error('lease_take() answered nothing')
  if (!taken.held) throw concurrencyLimited(taken.places)
  let renewing: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    renewing = sql`select lease_renew(${id}, ${userId}, ${keep}::interval)`
      .execute(db)
      .catch((error: unknown) => log.warn({ error }, 'could not renew a lease'))
  }, renewMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    // One that came after the end would hold it anew.
    await renewing
    await db
      .deleteFrom('lease')
      .where('id', '=', id)
      .execute()
      .catch((error: unknown) => log.warn({ error }, 'could not release a lease, which ends by itself'))
  }
}

function concurrencyLimited(places: number): Refusal {
  const message = `This account may have ${places} of these made at the same time, and does. Try again when one is done.`
  return new Refusal('concurrency_limited', message, {
    retryAfterSeconds: 1,
    limits: [{ policy: 'concurrency', quota: places, unit: 'concurrent-requests', remaining: 0, growsInSeconds: 1 }],
  })
}
