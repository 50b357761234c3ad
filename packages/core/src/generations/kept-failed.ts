import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { purgeAudio } from './purge.ts'

/**
 * For how long the finished segments of a generation that failed are kept, in hours: somebody who comes back to it, or sends
 * its text with the one bad sentence mended, need not have all the others paid for again.
 */
export const failedKeptHours = 24

/**
 * Whether a generation keeps the segments that were finished before it failed, in SQL. Not where the disk is full: what is
 * kept would keep it full.
 */
export const keepsFinished = sql<boolean>`generation_keeps_finished(generation, ${failedKeptHours} * interval '1 hour')`

/** What is removed at once when a voice may speak no more; the rest is the sweep's. */
const mostAtOnce = 20

/**
 * Removes what failed generations have kept of voices that may speak no more, since nothing can be asked of those again. What
 * cannot be removed now is the sweep's: that a voice may speak no more is written down already.
 */
export async function purgeKept(
  { db, storage, log }: Caller<'storage' | 'log'> & { readonly db: Db },
  voiceIds: readonly string[],
): Promise<void> {
  const onError = (error: unknown) => log.warn({ error }, 'what failed generations have kept is left to the sweep')
  const kept = await findKept(db, voiceIds).catch(onError)
  for (const purge of await Promise.allSettled((kept ?? []).map(({ id }) => purgeAudio({ storage }, id)))) {
    if (purge.status === 'rejected') onError(purge.reason)
  }
}

async function findKept(db: Db, voiceIds: readonly string[]): Promise<{ id: string }[]> {
  if (voiceIds.length === 0) return []
  return db
    .selectFrom('generation')
    .select('id')
    .where('voice_id', 'in', voiceIds)
    .where('state', '=', 'failed')
    .where('purged_at', 'is', null)
    .where('segments_done', '>', 0)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`not ${keepsFinished}`)
    .limit(mostAtOnce)
    .execute()
}
