import type { Caller } from '../context.ts'
import { keepsFinished } from './kept-failed.ts'
import { purgeAttempts } from './purge.ts'

/**
 * Removes what attempts have left behind at a generation that succeeded, or failed and keeps at most what was finished:
 * its last attempt may have been killed between its end and doing so itself. One that ended otherwise is the sweep's.
 */
export async function purgeRemains(caller: Caller<'db' | 'storage'>, id: string): Promise<void> {
  const rows = await caller.db
    .selectFrom('generation')
    .leftJoin('segment', 'segment.generation_id', 'generation.id')
    .select((eb) => [
      'generation.audio_key',
      'segment.audio_key as segment_key',
      eb.or([eb('generation.state', '=', 'succeeded'), keepsFinished]).as('is_kept'),
    ])
    .where('generation.id', '=', id)
    .where('generation.state', 'in', ['succeeded', 'failed'])
    .where('deleted_at', 'is', null)
    .execute()
  if (rows.length === 0) return
  const kept = rows.filter(({ is_kept }) => is_kept)
  await purgeAttempts(
    caller,
    id,
    kept.flatMap(({ audio_key, segment_key }) => [audio_key ?? [], segment_key ?? []].flat()),
  )
}
