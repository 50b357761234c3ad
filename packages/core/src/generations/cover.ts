import type { SegmentRow } from '@loqui/db/schema/generations'
import type { Engine } from '@loqui/engines/engine'
import { budgetExceeded } from '../budgets/exceeded.ts'
import { isFree } from '../voices/preview-version.ts'
import { askedText } from './asked-text.ts'
import { isKept } from './cached.ts'
import { LeaseLost } from './lease.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** What has to be held of the budgets while an attempt asks its engine. */
export interface Cover {
  /** What has to be held by now, in micro-dollars. */
  readonly micros: number
  /**
   * To be awaited each time before the engine is asked: all that is not spoken yet is covered then, or it is not asked.
   *
   * @throws {Refusal} `budget_exceeded`; {LeaseLost}.
   */
  ensure(): Promise<void>
  /**
   * Takes out a segment for which the engine will not be asked again. To be called before its cost is written down.
   *
   * @returns what is not needed any more where it has none.
   */
  spoken(index: number): Unneeded
  /** Takes in a segment for which the engine has to be asked after all. */
  missing(index: number): void
}

/** What was held of the budgets for a segment that cost nothing, in micro-dollars. */
export interface Unneeded {
  /** At most so much is to be released, */
  readonly micros: number
  /** and nothing of this, which is for what is not spoken yet. */
  readonly neededMicros: number
}

/**
 * Covers the segments that are not stored, each at its price; those that are kept from an earlier take only where they turn
 * out to be missing.
 */
export function createCover(
  transitions: Transitions,
  generation: Claimed,
  segments: readonly SegmentRow[],
  engine: Engine,
): Cover {
  const open = new Map<number, number>()
  let micros = 0
  const priceOf = ({ start_offset, end_offset }: SegmentRow) =>
    engine.price(askedText(engine, generation, generation.text.slice(start_offset, end_offset)))
  const add = (segment: SegmentRow) => {
    if (isFree(engine) || open.has(segment.index)) return
    const price = priceOf(segment)
    open.set(segment.index, price)
    micros += price
  }
  for (const segment of segments) if (segment.state !== 'stored' && !isKept(generation, segment.index)) add(segment)
  return {
    get micros() {
      return micros
    },
    async ensure() {
      // An engine that costs nothing is not kept waiting for the database.
      while (micros > 0) {
        const wanted = micros
        const outcome = await transitions.cover(generation, wanted)
        if (outcome === 'covered') return
        if (outcome === 'lost') throw new LeaseLost()
        // What was spoken meanwhile is paid, and needs to be covered no longer: it may be that without it there is enough.
        if (micros >= wanted) throw budgetExceeded(outcome)
      }
    },
    spoken(index) {
      const price = open.get(index) ?? 0
      micros -= price
      open.delete(index)
      return { micros: price, neededMicros: micros }
    },
    missing(index) {
      const segment = segments.find((each) => each.index === index)
      if (segment) add(segment)
    },
  }
}
