import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Generation, toGeneration } from './generation.ts'
import { findGeneration, type GenerationIdInput } from './queries.ts'

/** @throws {Refusal} `generation_not_found`. */
export async function getGeneration(
  { db, actor }: Caller<'db' | 'actor'>,
  { id }: GenerationIdInput,
): Promise<Generation> {
  return toGeneration(await findGeneration(db, permit(actor, 'generations:read'), id))
}
