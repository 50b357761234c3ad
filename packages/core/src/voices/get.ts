import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import { findVoice } from './queries.ts'
import { toVoice, type Voice } from './voice.ts'

export const getVoiceInput = z.strictObject({ id: idSchema('voice') })

/** @throws {Refusal} `voice_not_found`. */
export async function getVoice(
  { db, actor }: Caller<'db' | 'actor'>,
  { id }: z.output<typeof getVoiceInput>,
): Promise<Voice> {
  return toVoice(await findVoice(db, permit(actor, 'voices:read'), id, 'id'))
}
