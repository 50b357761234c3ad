import type { Db, Trx } from '@loqui/db/client'
import { type Expression, sql } from 'kysely'
import type { Caller } from '../context.ts'
import type { VoiceReference } from './reference.ts'
import { voiceNotFound } from './refusals.ts'
import type { VoiceObstacle, VoiceView } from './voice.ts'

/** Why a voice may not speak; for a preset nothing is asked. */
export const obstacle = sql<VoiceObstacle | null>`
  case when voice.consent_id is not null then voice_obstacle(voice.id, voice.consent_id) end`

/** The id of the voice that is meant, which is nobody's where there is none. */
export const referredVoice = (
  { engines }: Caller<'engines'>,
  userId: string,
  voice: VoiceReference,
): string | Expression<string> =>
  typeof voice === 'string' ? voice : sql<string>`voice_named(${userId}, ${voice.called}, ${[...engines.keys()]})`

/** The voices that a user can see, as they see them; nobody in particular sees the presets. */
export function viewVoices(db: Db | Trx, userId: string | null) {
  return db
    .selectFrom('voice')
    .selectAll('voice')
    .select([
      obstacle.as('obstacle'),
      sql<
        string[]
      >`array(select alias from voice_alias where voice_id = voice.id and user_id = ${userId} order by alias)`.as(
        'aliases',
      ),
      sql<string[]>`array(select sample_id from voice_sample where voice_id = voice.id order by position)`.as(
        'sample_ids',
      ),
    ])
    .where('voice.deleted_at', 'is', null)
    .where((eb) =>
      eb.or([eb('voice.user_id', 'is', null), ...(userId === null ? [] : [eb('voice.user_id', '=', userId)])]),
    )
}

/**
 * A voice this user can see.
 *
 * @throws {Refusal} `voice_not_found`, also for a voice that is deleted or somebody else's.
 */
export async function findVoice(db: Db | Trx, userId: string | null, id: string): Promise<VoiceView> {
  const row = await viewVoices(db, userId).where('voice.id', '=', id).executeTakeFirst()
  if (!row) throw voiceNotFound('id')
  return row
}
