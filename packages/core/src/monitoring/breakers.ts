import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import type { BreakerState } from './engines.ts'

/** What a worker has not said for so long does not hold any more: it says it every ten seconds. */
export const breakerKept = sql`interval '30 seconds'`

/** Says how a worker sees engines, and forgets what others have not said for long. @param process made when it starts. */
export async function tellBreakers(
  { db }: Caller<'db'>,
  process: string,
  states: readonly { readonly engine: string; readonly state: BreakerState }[],
): Promise<void> {
  if (states.length > 0) {
    await db
      .insertInto('engine_breaker')
      .values(states.map((each) => ({ ...each, process })))
      .onConflict((conflict) =>
        conflict.columns(['engine', 'process']).doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          seen_at: sql<Date>`clock_timestamp()`,
        })),
      )
      .execute()
  }
  await db.deleteFrom('engine_breaker').where('seen_at', '<', sql<Date>`clock_timestamp() - ${breakerKept}`).execute()
}
