import { sql } from 'kysely'
import type { Caller } from '../context.ts'

/** Everything a sample is made of lies below one prefix. */
export const sampleKey = (id: string) => `samples/${id}/audio`

const atOnce = 100

/** Removes the audio of deleted samples, and what their rows told of a voice. One whose turn does not come is a later one's. */
export async function purgeSamples({ db, storage }: Caller<'db' | 'storage'>): Promise<number> {
  const rows = await db
    .selectFrom('sample')
    .select(['id', 'audio_key'])
    .where('deleted_at', 'is not', null)
    .where('purged_at', 'is', null)
    .orderBy('id')
    .limit(atOnce)
    .execute()
  if (rows.length === 0) return 0
  await storage.remove(rows.map(({ audio_key }) => audio_key))
  await db
    .updateTable('sample')
    .set({ purged_at: sql<Date>`clock_timestamp()`, name: '', measured: '{}', peaks: Buffer.alloc(0) })
    .where(
      'id',
      'in',
      rows.map(({ id }) => id),
    )
    .execute()
  return rows.length
}
