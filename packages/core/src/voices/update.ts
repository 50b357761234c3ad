import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
import { idSchema } from '../ids.ts'
import { setAliases } from './aliases.ts'
import { findFallbackId } from './find-fallback.ts'
import { voiceFields } from './input.ts'
import { findVoice } from './queries.ts'
import { checkVoiceSettings } from './settings.ts'
import { toVoice, type Voice, withoutNote } from './voice.ts'

export const updateVoiceInput = z
  .strictObject({ id: idSchema('voice') })
  .extend(z.strictObject(voiceFields).partial().shape)

/**
 * Changes what is said of a voice of one's own; of a preset, what one calls it. What is not named stays; settings, labels
 * and aliases are replaced whole.
 *
 * @throws {Refusal} `voice_not_found`, also for that of its fallback, `forbidden`, `invalid_input` for settings that its engine does
 * not take and a fallback of the same engine, `alias_taken`, `scope_missing`.
 */
export async function updateVoice(
  { db, actor, engines, hints }: Caller<'db' | 'actor' | 'engines' | 'hints'>,
  { id, aliases, ...input }: z.output<typeof updateVoiceInput>,
): Promise<Voice> {
  const userId = permit(actor, 'voices:write')
  const voice = await transaction(db, async (trx) => {
    // In turns with the deletion of that one.
    if (input.fallbackVoiceId) await lock(trx, 'quota', userId)
    const found = await findVoice(trx, userId, id)
    const [changed] = Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [name]))
    if (changed !== undefined && found.user_id === null) {
      throw new Refusal('forbidden', `${changed}: a preset voice is everybody's. Only your aliases of it are yours.`)
    }
    const { description, settings, labels, fallbackVoiceId, ...plain } = input
    const changes = {
      ...plain,
      ...(description !== undefined && { description: withoutNote(description) }),
      ...(settings !== undefined && { settings: JSON.stringify(settings) }),
      ...(labels !== undefined && { labels: JSON.stringify(labels) }),
      ...(fallbackVoiceId !== undefined && {
        fallback_voice_id: await findFallbackId(trx, { engines }, userId, fallbackVoiceId, found),
      }),
    }
    if (changed !== undefined) {
      const engine = engines.get(found.engine)
      if (settings !== undefined && engine) checkVoiceSettings(engine, found.engine_voice, settings)
      await trx
        .updateTable('voice')
        .set({ ...changes, updated_at: sql<Date>`clock_timestamp()` })
        .where('id', '=', id)
        .execute()
    }
    if (aliases !== undefined) await setAliases(trx, userId, id, aliases)
    const updated = toVoice(await findVoice(trx, userId, id), engines)
    await appendEvent(trx, userId, 'voice.updated', id)
    return updated
  })
  hints.hint('events', userId)
  return voice
}
