import { createHash } from 'node:crypto'
import type { Engine, SpeakRequest } from '@loqui/engines/engine'

/** The largest seed there is: what engines take at most. */
export const mostSeed = 2 ** 31 - 1

/** Whether an engine takes a seed for what it is asked. */
export const takesSeed = (engine: Pick<Engine, 'check'>, request: SpeakRequest & { readonly seed: number }): boolean =>
  engine.check(request)?.field !== 'seed'

/**
 * The seed of one segment: the same for the same generation's seed, and another for every segment, lest all of them begin
 * in the same breath. @param rerolls how often it came out badly: with the same seed it would again.
 */
export function segmentSeed(seed: number, index: number, rerolls: number): number {
  return 1 + (createHash('sha256').update(`${seed} ${index} ${rerolls}`).digest().readUInt32BE() % mostSeed)
}
