import { sql } from 'kysely'
import { warnOfBudgets } from '../budgets/warn.ts'
import type { Caller } from '../context.ts'
import { sweepEvents } from '../events/sweep.ts'
import { sweepGenerations } from '../generations/sweep.ts'
import { retried } from '../idempotency/repeatable.ts'
import { sweepSamples } from '../samples/sweep.ts'

/** What every worker does now and then; all of it may run in several at once. */
export async function sweep(caller: Caller<'db' | 'queue' | 'hints' | 'storage' | 'log'>): Promise<void> {
  const { db, log } = caller
  const { requeued, purged } = await sweepGenerations(caller)
  await db.deleteFrom('session').where('expires_at', '<', sql<Date>`now()`).execute()
  await db.deleteFrom('idempotency').where('created_at', '<', sql<Date>`now() - interval '24 hours'`).execute()
  await db
    .deleteFrom('idempotency')
    .where('created_at', '<', sql<Date>`now() - interval '1 minute'`)
    .where('route', 'like', `%${retried}`)
    .execute()
  await db.deleteFrom('rate').where('tat', '<', sql<Date>`now() - interval '1 minute'`).execute()
  await db.deleteFrom('lease').where('expires_at', '<', sql<Date>`now()`).execute()
  await db.deleteFrom('voice_preview_lease').where('expires_at', '<', sql<Date>`now()`).execute()
  const events = await sweepEvents(caller)
  await warnOfBudgets(caller)
  // What the store must answer comes last: all else is done when it does not.
  const samples = await sweepSamples(caller)
  if (requeued + purged + events + samples.uploads + samples.purged > 0)
    log.info({ requeued, purged, events, samples }, 'swept')
}
