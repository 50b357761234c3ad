import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { findSample, type SampleIdInput } from './queries.ts'
import { type Sample, toSample } from './sample.ts'

/** @throws {Refusal} `sample_not_found`. */
export async function getSample({ db, actor }: Caller<'db' | 'actor'>, { id }: SampleIdInput): Promise<Sample> {
  return toSample(await findSample(db, permit(actor, 'samples:read'), id))
}
