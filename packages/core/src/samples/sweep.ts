import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { purgeSamples } from './purge.ts'

/** Of one sweep. */
const most = 100

/**
 * Removes what uploads of processes that were killed have left, and the audio of deleted samples. An upload is nobody's when
 * it has not been renewed in time: its process, should it still live, finds its row gone and gives up.
 */
export async function sweepSamples(caller: Caller<'db' | 'storage'>): Promise<{ uploads: number; purged: number }> {
  const { db, storage } = caller
  const uploads = await transaction(db, async (trx) => {
    const abandoned = await trx
      .selectFrom('upload')
      .select(['id', 'audio_key'])
      .where('expires_at', '<', sql<Date>`clock_timestamp()`)
      .orderBy('id')
      .limit(most)
      .forUpdate()
      .skipLocked()
      .execute()
    if (abandoned.length === 0) return 0
    // The row goes when its object has gone, so that a sweep that is killed here is made again.
    await storage.remove(abandoned.map(({ audio_key }) => audio_key))
    await trx
      .deleteFrom('upload')
      .where(
        'id',
        'in',
        abandoned.map(({ id }) => id),
      )
      .execute()
    return abandoned.length
  })
  return { uploads, purged: await purgeSamples(caller) }
}
