import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { findVoice } from '../voices/queries.ts'
import { pronunciationFields } from './input.ts'
import { type Pronunciation, toPronunciation } from './pronunciation.ts'
import { requireOnly } from './refusals.ts'

export const createPronunciationInput = z.strictObject({
  ...pronunciationFields,
  caseSensitive: pronunciationFields.caseSensitive.default(false),
  language: pronunciationFields.language.default(null),
  voiceId: pronunciationFields.voiceId.default(null),
})

/** Of one user: all of them are looked at for each generation. */
const most = 500

/**
 * Says how a word, or several, is to be said from now on. What was asked for before is not changed by it.
 *
 * @throws {Refusal} `pronunciation_exists`, `storage_quota_exceeded` where there are too many, `voice_not_found`, `scope_missing`.
 */
export async function createPronunciation(
  { db, actor }: Caller<'db' | 'actor'>,
  { phrase, replacement, caseSensitive, language, voiceId }: z.output<typeof createPronunciationInput>,
): Promise<Pronunciation> {
  const userId = permit(actor, 'voices:write')
  const row = await transaction(db, async (trx) => {
    if (voiceId !== null) await findVoice(trx, userId, voiceId)
    await lock(trx, 'pronunciations', userId)
    const { count } = await trx
      .selectFrom('pronunciation')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow()
    if (Number(count) >= most) {
      throw new Refusal(
        'storage_quota_exceeded',
        `You have ${most} pronunciations, which is all there may be. Delete some.`,
      )
    }
    const row = {
      id: newId(),
      user_id: userId,
      phrase,
      replacement,
      case_sensitive: caseSensitive,
      language,
      voice_id: voiceId,
    }
    await requireOnly(trx, row)
    return trx.insertInto('pronunciation').values(row).returningAll().executeTakeFirstOrThrow()
  })
  return toPronunciation(row)
}
