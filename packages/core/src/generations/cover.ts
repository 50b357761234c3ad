import type { SegmentRow } from '@loqui/db/schema/generations'
import type { Engine } from '@loqui/engines/engine'
import { budgetExceeded } from '../budgets/exceeded.ts'
import { isFree } from '../voices/preview-version.ts'
import { LeaseLost } from './lease.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** What has to be held of the budgets while an attempt asks its engine. */
export interface Cover {
  /**
   * To be awaited each time before the engine is asked: all that is not spoken yet is covered then, or it is not asked.
   *
   * @throws {Refusal} `budget_exceeded`; {LeaseLost}.
   */
  ensure(): Promise<void>
  /** Takes out a segment for which the engine will not be asked again. To be called before its cost is written down. */
  spoken(index: number): void
  /** Takes in a segment for which the engine has to be asked after all. */
  missing(index: number): void
}

/** Covers the segments that are not stored, each at its price. */
export function createCover(
  transitions: Transitions,
  generation: Claimed,
  segments: readonly SegmentRow[],
  { engine }: { readonly engine: Engine },
): Cover {
  const open = new Map<number, number>()
  let micros = 0
  const add = ({ index, start_offset, end_offset }: SegmentRow) => {
    if (isFree(engine) || open.has(index)) return
    const price = engine.price(generation.text.slice(start_offset, end_offset))
    open.set(index, price)
    micros += price
  }
  for (const segment of segments) if (segment.state !== 'stored') add(segment)
  return {
    async ensure() {
      // An engine that costs nothing is not kept waiting for the database.
      if (micros === 0) return
      const outcome = await transitions.cover(generation, micros)
      if (outcome === 'lost') throw new LeaseLost()
      if (outcome !== 'covered') throw budgetExceeded(outcome)
    },
    spoken(index) {
      micros -= open.get(index) ?? 0
      open.delete(index)
    },
    missing(index) {
      const segment = segments.find((each) => each.index === index)
      if (segment) add(segment)
    },
  }
}
