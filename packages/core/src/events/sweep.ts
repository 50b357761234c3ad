import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { keptDays } from './place.ts'

/** In one sweep, of which there are six a minute. */
const most = 5_000

/** Forgets events that are older than they are kept. @returns how many. */
export async function sweepEvents({ db }: Caller<'db'>): Promise<number> {
  const { rows } = await sql<{ forgotten: number }>`
    select event_forget(make_interval(days => ${keptDays}), ${most}) as forgotten
  `.execute(db)
  return rows[0]?.forgotten ?? 0
}
