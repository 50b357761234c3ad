import type { Db } from '@loqui/db/client'
import type { VoiceRow } from '@loqui/db/schema/voices'
import { Refusal } from '../errors.ts'

export const voiceNotFound = (field: string) => new Refusal('voice_not_found', `${field}: there is no such voice.`)

/**
 * A voice this user can see.
 *
 * @throws {Refusal} `voice_not_found`, also for a voice that is somebody else's.
 */
export async function findVoice(db: Db, userId: string, id: string, field: string): Promise<VoiceRow> {
  const row = await db
    .selectFrom('voice')
    .selectAll()
    .where('id', '=', id)
    .where((eb) => eb.or([eb('user_id', 'is', null), eb('user_id', '=', userId)]))
    .executeTakeFirst()
  if (!row) throw voiceNotFound(field)
  return row
}
