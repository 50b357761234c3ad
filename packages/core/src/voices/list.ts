import { engineIds } from '@loqui/engines/engine'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { genderSchema, languageSchema } from './input.ts'
import { obstacle, viewVoices } from './queries.ts'
import { toVoice, type Voice, voiceKinds } from './voice.ts'

export const listVoicesInput = z.strictObject({
  ...pageInput,
  kind: z.enum(voiceKinds).optional(),
  gender: genderSchema.optional(),
  /** `en` finds `en-US` and `en-GB`. */
  language: languageSchema.optional(),
  engine: z.enum(engineIds).optional(),
  /** Only those that can speak now, or only those that cannot. */
  available: z.boolean().optional(),
  /** Words of which each is in the name, the description, a label or an alias, in any case. */
  search: z.string().trim().max(100).optional(),
})

/**
 * The voices the caller can use, in the order they came. One whose engine is not configured, or whose consent has ended, is
 * among them and says so; a preset that its engine no longer brings is not.
 *
 * @throws {Refusal} `cursor_malformed`, `scope_missing`, `forbidden`.
 */
export async function listVoices(
  { db, actor, engines }: Caller<'db' | 'actor' | 'engines'>,
  input: z.output<typeof listVoicesInput>,
): Promise<Page<Voice>> {
  const userId = permit(actor, 'voices:read')
  const after = readCursor(input.cursor)
  const { kind, gender, language, engine, available, search } = input
  let query = viewVoices(db, userId).where('voice.available', '=', true)
  if (after !== null) query = query.where('voice.id', '>', after)
  if (kind !== undefined) query = query.where('voice.user_id', kind === 'preset' ? 'is' : 'is not', null)
  if (gender !== undefined) query = query.where('voice.gender', '=', gender)
  if (engine !== undefined) query = query.where('voice.engine', '=', engine)
  if (language !== undefined) {
    const tag = language.toLowerCase()
    query = query.where((eb) => {
      const own = eb.fn<string>('lower', ['voice.language'])
      return eb.or([eb(own, '=', tag), eb(own, 'like', `${tag}-%`)])
    })
  }
  if (available !== undefined) {
    const speaks = sql<boolean>`voice.engine = any(${[...engines.keys()]}::text[]) and ${obstacle} is null`
    query = query.where(available ? speaks : sql<boolean>`not (${speaks})`)
  }
  for (const word of search?.split(/\s+/).filter(Boolean) ?? []) {
    query = query.where(sql<boolean>`strpos(lower(concat_ws(chr(10), voice.name, voice.description,
      (select string_agg(key || chr(10) || value, chr(10)) from jsonb_each_text(voice.labels)),
      (select string_agg(alias, chr(10)) from voice_alias where voice_id = voice.id and user_id = ${userId}))), lower(${word})) > 0`)
  }
  const rows = await query
    .orderBy('voice.id')
    .limit(input.limit + 1)
    .execute()
  return toPage(rows, input.limit, (row) => toVoice(row, engines))
}
