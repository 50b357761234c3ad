import { transaction } from '@loqui/db/transaction'
import type { Caller } from '../context.ts'
import { purgeAudio } from './purge.ts'

/** Removes the audio of a deleted generation, then forgets where it was. Done again by the sweep when it fails. */
export async function purgeDeleted(caller: Caller<'db' | 'storage'>, id: string): Promise<void> {
  await purgeAudio(caller, id)
  await transaction(caller.db, async (trx) => {
    await trx.deleteFrom('rendition').where('generation_id', '=', id).execute()
    await trx.deleteFrom('segment').where('generation_id', '=', id).execute()
    await trx
      .updateTable('generation')
      .set({ purged_at: new Date(), audio_key: null, audio_bytes: null, audio_sha256: null })
      .where('id', '=', id)
      .execute()
  })
}
