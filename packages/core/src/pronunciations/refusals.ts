import type { Trx } from '@loqui/db/client'
import type { PronunciationRow } from '@loqui/db/schema/pronunciations'
import { sql } from 'kysely'
import { Refusal } from '../errors.ts'

/**
 * Sees to it that there is no other pronunciation for the same. The user's lock is held.
 *
 * @throws {Refusal} `pronunciation_exists`.
 */
export async function requireOnly(
  trx: Trx,
  { id, user_id, phrase, case_sensitive, language, voice_id }: Omit<PronunciationRow, 'replacement' | 'created_at'>,
): Promise<void> {
  const other = await trx
    .selectFrom('pronunciation')
    .select('id')
    .where('id', '<>', id)
    .where('user_id', '=', user_id)
    .where('phrase', '=', phrase)
    .where('case_sensitive', '=', case_sensitive)
    .where(sql<boolean>`language is not distinct from ${language}`)
    .where(sql<boolean>`voice_id is not distinct from ${voice_id}::uuid`)
    .executeTakeFirst()
  if (!other) return
  const message = 'there is a pronunciation of this already, for the same case, language and voice.'
  throw new Refusal('pronunciation_exists', `phrase: ${message}`, { issues: [{ field: 'phrase', message }] })
}
