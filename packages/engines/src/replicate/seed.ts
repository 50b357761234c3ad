import { createHash } from 'node:crypto'

/** 0 means any to the models. */
const seeds = 2 ** 31 - 1

/**
 * The seed of a call. Replicate has no key by which a call could be known whose answer was lost, and its list does not
 * tell where webhooks go; but it tells the input. So the seed is made of the call's mark, which makes the input its own.
 */
export function seedOf(mark: string): number {
  return 1 + (createHash('sha256').update(mark).digest().readUInt32BE() % seeds)
}
