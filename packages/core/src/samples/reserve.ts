import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { sampleKey } from './purge.ts'

/** Uploads of one user at a time. */
const mostUploads = 2
/** Samples of one user. */
const mostSamples = 1_000
/** What a process that was killed held is free again after this. */
const keepSeconds = 30
const keep = `${keepSeconds} seconds`
const renewMs = (keepSeconds * 1_000) / 3

/** Room that is held for one upload. */
export interface Reservation {
  /** What the sample will be called by. */
  readonly id: string
  readonly key: string
  /** Stops holding it any longer. Nothing is renewed once it resolves. */
  stop(): Promise<void>
}

/**
 * Holds bytes of a user's storage and one of their places for uploads, until it is stopped or this process dies.
 *
 * @throws {Refusal} `concurrency_limited`, `storage_quota_exceeded`.
 */
export async function reserve({ db, log }: Caller<'db' | 'log'>, userId: string, bytes: number): Promise<Reservation> {
  const id = newId()
  const key = sampleKey(id)
  const { rows } = await sql<{ outcome: string; left_bytes: number }>`
    select * from upload_begin(${id}, ${userId}, ${key}, ${bytes}, ${keep}::interval, ${mostUploads}, ${mostSamples})
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('upload_begin() answered nothing')
  if (row.outcome !== 'held') throw refusalOf(row.outcome, bytes, row.left_bytes)
  let renewing: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    renewing = db
      .updateTable('upload')
      .set({ expires_at: sql<Date>`clock_timestamp() + ${keep}::interval` })
      .where('id', '=', id)
      .execute()
      .catch((error: unknown) => log.warn({ error }, 'could not renew the reservation of an upload'))
  }, renewMs)
  return {
    id,
    key,
    async stop() {
      clearInterval(timer)
      await renewing
    },
  }
}

function refusalOf(outcome: string, bytes: number, leftBytes: number): Refusal {
  switch (outcome) {
    case 'uploads_limited':
      return new Refusal(
        'concurrency_limited',
        `This account may upload ${mostUploads} files at the same time, and does. Try again when one is done.`,
        {
          retryAfterSeconds: 1,
          limits: [
            { policy: 'uploads', quota: mostUploads, unit: 'concurrent-requests', remaining: 0, growsInSeconds: 1 },
          ],
        },
      )
    case 'samples_limited':
      return new Refusal('storage_quota_exceeded', `An account has at most ${mostSamples} samples. Delete some first.`)
    default:
      return new Refusal(
        'storage_quota_exceeded',
        `This file may need ${inMegabytes(bytes)}, and ${inMegabytes(leftBytes)} are left of this account's storage. Delete samples, or change the plan.`,
      )
  }
}

const inMegabytes = (bytes: number) => `${(Math.floor(bytes / 10_000) / 100).toFixed(2)} MB`
