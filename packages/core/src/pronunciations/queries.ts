import type { Db, Trx } from '@loqui/db/client'
import type { PronunciationRow } from '@loqui/db/schema/pronunciations'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { idSchema } from '../ids.ts'
import type { PronunciationRule } from '../text/pronounce.ts'

export const pronunciationIdInput = z.strictObject({ id: idSchema('pronunciation') })

/** @throws {Refusal} `pronunciation_not_found`, also for one that is somebody else's. */
export async function findPronunciation(db: Db | Trx, userId: string, id: string): Promise<PronunciationRow> {
  const row = await db
    .selectFrom('pronunciation')
    .selectAll()
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (!row) throw new Refusal('pronunciation_not_found', 'id: there is no such pronunciation.')
  return row
}

/**
 * In a query that has a `voice`: what a user wants said otherwise by it. First come those for this voice alone, then those for a
 * language, then the latest.
 */
export const pronunciationsOf = (
  userId: string,
): RawBuilder<(PronunciationRule & { readonly language: string | null })[]> => sql`
  coalesce((select jsonb_agg(jsonb_build_object('phrase', p.phrase, 'replacement', p.replacement,
      'caseSensitive', p.case_sensitive, 'language', p.language)
      order by p.voice_id is null, p.language is null, p.id desc)
    from pronunciation p where p.user_id = ${userId}::uuid and (p.voice_id is null or p.voice_id = voice.id)), '[]'::jsonb)
`
