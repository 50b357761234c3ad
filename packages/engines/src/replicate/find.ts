import type { AnnouncedCall } from '../engine.ts'
import type { ReplicateClient } from './client.ts'
import { inputOf } from './input.ts'
import type { ReplicateModel } from './models.ts'
import type { Prediction } from './prediction.ts'

/** How far our clock may be from Replicate's. In milliseconds. */
const skewMs = 60_000
/** A hundred each: what an installation creates within the hour at the highest rate there is. */
const mostPages = 360

/**
 * Looks through the list for what a call may have created: predictions of the same model with the same text and seed, not
 * older than the call. @returns oldest first. @throws {ReplicateFailure}, the signal's reason.
 */
export async function findPredictions(
  client: ReplicateClient,
  model: ReplicateModel,
  { mark, announcedAt, request }: AnnouncedCall,
  signal: AbortSignal,
): Promise<Prediction[]> {
  const since = announcedAt.getTime() - skewMs
  const wanted = inputOf(model, request, { mark, reference: null })
  const isWanted = ({ model: name, version, input, created_at }: Prediction) =>
    created_at.getTime() >= since &&
    (name === model.name || ('version' in model.address && version === model.address.version)) &&
    input?.seed === wanted.seed &&
    input?.[model.fields.text] === wanted[model.fields.text]

  const found: Prediction[] = []
  let pages = 0
  for await (const page of client.list(signal)) {
    found.push(...page.filter(isWanted))
    const oldest = page.at(-1)
    if (!oldest || oldest.created_at.getTime() < since || ++pages === mostPages) break
  }
  return found.reverse()
}
