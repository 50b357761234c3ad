import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { wireId } from '../ids.ts'
import { type Link, type LinkBase, linkInput, makeLink } from '../links/link.ts'
import { generationAudioInput } from './audio.ts'
import { asSpoken, readOutputOf } from './output.ts'
import { findGeneration } from './queries.ts'

export const linkGenerationInput = generationAudioInput.extend(linkInput)

/**
 * An address from which whoever has it can hear a generation, until it expires or the generation is deleted. What is not
 * made yet has an address too.
 *
 * @throws {Refusal} `generation_not_found`, `invalid_input` for a rate or a bit rate that the format does not take.
 */
export async function linkGeneration(
  caller: Caller<'db' | 'actor' | 'secret'>,
  { id, ...link }: z.output<typeof linkGenerationInput>,
  base: LinkBase,
): Promise<Link> {
  readOutputOf(await findGeneration(caller.db, permit(caller.actor, 'generations:read'), id), link)
  return makeLink(caller, base, `/api/v1/generations/${wireId('generation', id)}/audio`, {
    ...link,
    sampleRate: link.sampleRate ?? undefined,
    bitRate: link.bitRate ?? undefined,
    loudness: link.loudness === null ? asSpoken : link.loudness,
  })
}
