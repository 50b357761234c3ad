import type { Caller } from '../context.ts'
import { purgeAudio } from './purge.ts'

/** Removes all audio of a generation that failed or was canceled; its row and its segments tell how far it came. */
export async function purgeEnded(caller: Caller<'db' | 'storage'>, id: string): Promise<void> {
  await purgeAudio(caller, id)
  await caller.db
    .updateTable('generation')
    .set({ purged_at: new Date() })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .execute()
}
