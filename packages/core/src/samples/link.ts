import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { wireId } from '../ids.ts'
import { type Link, type LinkBase, linkInput, makeLink } from '../links/link.ts'
import { findSample, sampleIdInput } from './queries.ts'

export const linkSampleInput = sampleIdInput.extend(linkInput)

/**
 * An address from which whoever has it can hear a sample, until it expires or the sample is deleted.
 *
 * @throws {Refusal} `sample_not_found`.
 */
export async function linkSample(
  caller: Caller<'db' | 'actor' | 'secret'>,
  { id, ...link }: z.output<typeof linkSampleInput>,
  base: LinkBase,
): Promise<Link> {
  await findSample(caller.db, permit(caller.actor, 'samples:read'), id)
  return makeLink(caller, base, `/api/v1/samples/${wireId('sample', id)}/audio`, link)
}
