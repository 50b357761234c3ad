import type { Caller } from '../context.ts'
import { purgeAttempts } from './purge.ts'

/**
 * Removes what attempts have left behind at a generation that succeeded, whose last attempt may have been killed between
 * its settlement and doing so itself. One that ended otherwise is the sweep's.
 */
export async function purgeRemains(caller: Caller<'db' | 'storage'>, id: string): Promise<void> {
  const rows = await caller.db
    .selectFrom('generation')
    .innerJoin('segment', 'segment.generation_id', 'generation.id')
    .select(['generation.audio_key', 'segment.audio_key as segment_key'])
    .where('generation.id', '=', id)
    .where('generation.state', '=', 'succeeded')
    .where('deleted_at', 'is', null)
    .execute()
  if (rows.length === 0) return
  await purgeAttempts(
    caller,
    id,
    rows.flatMap(({ audio_key, segment_key }) => [audio_key ?? [], segment_key ?? []].flat()),
  )
}
