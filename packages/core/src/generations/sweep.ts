import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { jobs } from '../jobs.ts'
import { keepsFinished } from './kept-failed.ts'
import { purgeDeleted } from './purge-deleted.ts'
import { purgeEnded } from './purge-ended.ts'

/**
 * Mends what a crash can leave: an open generation that nobody has touched for a while gets its job back, and one that
 * was canceled or deleted, or failed a day ago, loses its audio. The row is the truth and the queue a hint, so this needs to know
 * nothing of the queue: a job that is there already is not made twice.
 */
export async function sweepGenerations(
  caller: Caller<'db' | 'queue' | 'hints' | 'storage' | 'log'>,
): Promise<{ requeued: number; purged: number }> {
  const { db, queue, hints, log } = caller
  // Marked as looked after, so that a backlog longer than one sweep comes round, and two sweeps do not do the same; but
  // not without the jobs: killed in between, it would have to wait until all seem stale again.
  const requeued = await transaction(db, async (trx) => {
    const { rows: stale } = await sql<{ id: string; user_id: string; turn: number; plan_id: string }>`
      update generation set heartbeat_at = clock_timestamp()
      where id in (
        select id from generation
        where state in ('queued', 'running') and coalesce(heartbeat_at, created_at) < now() - interval '15 seconds'
        order by coalesce(heartbeat_at, created_at) limit 500 for no key update skip locked)
      returning id, user_id, turn, (select plan_id from account where account.id = user_id)
    `.execute(trx)
    for (const { id, user_id, turn, plan_id } of stale) {
      const place = { group: user_id, tier: plan_id, turn }
      await queue.enqueue(trx, jobs.runGeneration, { generationId: id }, place)
    }
    return stale.length
  })
  if (requeued > 0) hints.hint('work', jobs.runGeneration.name)

  // A minute after the end no attempt writes any more, not even one that was slow to hear of it.
  const { rows: unpurged } = await sql<{ id: string; is_deleted: boolean }>`
    select id, deleted_at is not null as is_deleted from generation
    where purged_at is null and (deleted_at is not null or state in ('failed', 'canceled'))
      and coalesce(deleted_at, finished_at) < now() - interval '1 minute' and not ${keepsFinished}
      -- What a provider may yet be making of it has to be found by its segments first.
      and not exists (select from provider_call c where c.generation_id = generation.id and c.outcome is null)
    limit 100
  `.execute(db)
  for (const { id, is_deleted } of unpurged) {
    await (is_deleted ? purgeDeleted : purgeEnded)(caller, id).catch((error: unknown) => {
      log.warn({ error, generationId: id }, 'could not purge a generation; the next sweep tries again')
    })
  }
  return { requeued, purged: unpurged.length }
}
