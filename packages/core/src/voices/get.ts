import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import type { voiceIdInput } from './input.ts'
import { findVoice } from './queries.ts'
import { toVoice, type Voice } from './voice.ts'

/** @throws {Refusal} `voice_not_found`, `scope_missing`, `forbidden`. */
export async function getVoice(
  { db, actor, engines }: Caller<'db' | 'actor' | 'engines'>,
  { id }: z.output<typeof voiceIdInput>,
): Promise<Voice> {
  return toVoice(await findVoice(db, permit(actor, 'voices:read'), id), engines)
}
