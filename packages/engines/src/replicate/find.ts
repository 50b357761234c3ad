import type { AnnouncedCall } from '../engine.ts'
import type { ReplicateClient } from './client.ts'
import { inputOf } from './input.ts'
import type { ReplicateModel } from './models.ts'
import type { Prediction } from './prediction.ts'
import { certainAfterMs } from './timing.ts'

/** How far our clock may be from Replicate's. In milliseconds. */
const skewMs = 60_000
/** A hundred each: what an installation creates within the hour at the highest rate there is. */
const mostPages = 360

/**
 * Looks through the list for what a call may have created: predictions of the same model with the same text and seed, not
 * older than the call. What is removed tells neither: where it can be nobody's but a call's that was lost, since whoever made it
 * would have said so by now, what was created at that time comes last.
 *
 * @returns those that can be told from others oldest first. @throws {ReplicateFailure}, the signal's reason.
 */
export async function findPredictions(
  client: ReplicateClient,
  model: ReplicateModel,
  { mark, announcedAt, request }: AnnouncedCall,
  signal: AbortSignal,
): Promise<Prediction[]> {
  const since = announcedAt.getTime() - skewMs
  const wanted = inputOf(model, request, { mark, reference: null })
  const until = announcedAt.getTime() + certainAfterMs + skewMs
  const isCertain = Date.now() - announcedAt.getTime() >= certainAfterMs
  const isOfModel = ({ model: name, version, created_at }: Prediction) =>
    created_at.getTime() >= since &&
    (name === model.name || ('version' in model.address && version === model.address.version))
  const isWanted = (prediction: Prediction) =>
    isOfModel(prediction) &&
    prediction.input?.seed === wanted.seed &&
    prediction.input?.[model.fields.text] === wanted[model.fields.text]
  const mayBeWanted = (prediction: Prediction) =>
    isCertain && prediction.data_removed === true && isOfModel(prediction) && prediction.created_at.getTime() <= until

  const found: Prediction[] = []
  const removed: Prediction[] = []
  let pages = 0
  for await (const page of client.list(signal)) {
    found.push(...page.filter(isWanted))
    removed.push(...page.filter(mayBeWanted))
    const oldest = page.at(-1)
    if (!oldest || oldest.created_at.getTime() < since || ++pages === mostPages) break
  }
  return [...found.reverse(), ...removed.reverse()]
}
