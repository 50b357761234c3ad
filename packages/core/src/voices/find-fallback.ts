import type { Trx } from '@loqui/db/client'
import type { VoiceRow } from '@loqui/db/schema/voices'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { referredVoice, viewVoices } from './queries.ts'
import type { VoiceReference } from './reference.ts'
import { voiceNotFound } from './refusals.ts'

/**
 * The id of a voice that is to speak in the place of another one.
 *
 * @throws {Refusal} `voice_not_found`, `invalid_input` for one of the same engine, which would not work either.
 */
export async function findFallbackId(
  trx: Trx,
  caller: Caller<'engines'>,
  userId: string,
  reference: VoiceReference | null,
  { engine }: Pick<VoiceRow, 'engine'>,
): Promise<string | null> {
  if (reference === null) return null
  const found = await viewVoices(trx, userId)
    .where('voice.id', '=', referredVoice(caller, userId, reference))
    .executeTakeFirst()
  const field = 'fallbackVoiceId'
  if (!found) throw voiceNotFound(field)
  if (found.engine !== engine) return found.id
  const message = `${found.name} has the same engine, which would not work either. Name a voice of another one.`
  throw new Refusal('invalid_input', `${field}: ${message}`, { issues: [{ field, message }] })
}
