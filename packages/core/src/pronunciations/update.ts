import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import { findVoice } from '../voices/queries.ts'
import { pronunciationFields } from './input.ts'
import { type Pronunciation, toPronunciation } from './pronunciation.ts'
import { findPronunciation } from './queries.ts'
import { requireOnly } from './refusals.ts'

export const updatePronunciationInput = z.strictObject({
  id: idSchema('pronunciation'),
  ...z.strictObject(pronunciationFields).partial().shape,
})

/**
 * Changes what is given, for what is asked for from now on.
 *
 * @throws {Refusal} `pronunciation_not_found`, `pronunciation_exists`, `voice_not_found`, `scope_missing`.
 */
export async function updatePronunciation(
  { db, actor }: Caller<'db' | 'actor'>,
  { id, phrase, replacement, caseSensitive, language, voiceId }: z.output<typeof updatePronunciationInput>,
): Promise<Pronunciation> {
  const userId = permit(actor, 'voices:write')
  const row = await transaction(db, async (trx) => {
    await lock(trx, 'pronunciations', userId)
    const before = await findPronunciation(trx, userId, id)
    if (voiceId != null) await findVoice(trx, userId, voiceId)
    const changed = {
      phrase: phrase ?? before.phrase,
      replacement: replacement ?? before.replacement,
      case_sensitive: caseSensitive ?? before.case_sensitive,
      language: language === undefined ? before.language : language,
      voice_id: voiceId === undefined ? before.voice_id : voiceId,
    }
    await requireOnly(trx, { id, user_id: userId, ...changed })
    await trx.updateTable('pronunciation').set(changed).where('id', '=', id).execute()
    return { ...before, ...changed }
  })
  return toPronunciation(row)
}
