import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Page, pageInput, readCursor, toPage } from '../pagination.ts'
import { toVoice, type Voice } from './voice.ts'

export const listVoicesInput = z.strictObject({
  ...pageInput,
  gender: z.enum(['female', 'male', 'neutral']).optional(),
  /** BCP 47; `en` finds `en-US` and `en-GB`. */
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en or en-US')
    .optional(),
  engine: z.string().max(64).optional(),
})

/** The voices the caller can use, in the order they came. */
export async function listVoices(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof listVoicesInput>,
): Promise<Page<Voice>> {
  const userId = permit(actor, 'voices:read')
  const after = readCursor(input.cursor)
  const { gender, language, engine } = input
  let query = db
    .selectFrom('voice')
    .selectAll()
    .where('available', '=', true)
    .where((eb) => eb.or([eb('user_id', 'is', null), eb('user_id', '=', userId)]))
  if (after !== null) query = query.where('id', '>', after)
  if (gender !== undefined) query = query.where('gender', '=', gender)
  if (engine !== undefined) query = query.where('engine', '=', engine)
  if (language !== undefined) {
    const tag = language.toLowerCase()
    query = query.where((eb) => {
      const own = eb.fn<string>('lower', ['language'])
      return eb.or([eb(own, '=', tag), eb(own, 'like', `${tag}-%`)])
    })
  }
  const rows = await query
    .orderBy('id')
    .limit(input.limit + 1)
    .execute()
  return toPage(rows, input.limit, toVoice)
}
