import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
import { purgeKept } from '../generations/kept-failed.ts'
import type { voiceIdInput } from './input.ts'
import { removePreviews } from './preview-remove.ts'
import { findVoice } from './queries.ts'

/**
 * Deletes a voice of one's own. What it has spoken stays, but for what was finished of speech that failed; what it speaks at
 * the moment is finished; samples and consent stay, too.
 *
 * @throws {Refusal} `voice_not_found`, `forbidden` for a preset, `scope_missing`.
 */
export async function deleteVoice(
  { db, actor, hints, storage, log }: Caller<'db' | 'actor' | 'hints' | 'storage' | 'log'>,
  { id }: z.output<typeof voiceIdInput>,
): Promise<void> {
  const userId = permit(actor, 'voices:write')
  const previews = await transaction(db, async (trx) => {
    // No generation is created with it once this is done.
    await lock(trx, 'quota', userId)
    const found = await findVoice(trx, userId, id)
    if (found.user_id === null) throw new Refusal('forbidden', "id: a preset voice is everybody's and stays.")
    await trx.updateTable('voice').set({ deleted_at: sql<Date>`clock_timestamp()` }).where('id', '=', id).execute()
    await trx
      .updateTable('voice')
      .set({ fallback_voice_id: null })
      .where('fallback_voice_id', '=', id)
      .where('user_id', '=', userId)
      .execute()
    await trx.deleteFrom('voice_alias').where('voice_id', '=', id).execute()
    const removed = await trx.deleteFrom('voice_preview').where('voice_id', '=', id).returning('audio_key').execute()
    await appendEvent(trx, userId, 'voice.deleted', id)
    return removed
  })
  hints.hint('events', userId)
  await removePreviews(
    { storage, log },
    previews.map(({ audio_key }) => audio_key),
  )
  await purgeKept({ db, storage, log }, [id])
}
