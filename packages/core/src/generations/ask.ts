import type { SegmentRow } from '@loqui/db/schema/generations'
import type { Engine } from '@loqui/engines/engine'
import { askedText } from './asked-text.ts'
import type { AskedFor } from './calls.ts'
import { segmentSeed } from './seed.ts'
import type { Claimed } from './transitions.ts'

/** What the engine is asked for one segment. @param rerolls how often it came out badly. */
export function ask(
  engine: Engine,
  generation: Claimed,
  segment: Pick<SegmentRow, 'index' | 'start_offset' | 'end_offset'>,
  rerolls: number,
): AskedFor {
  return {
    text: askedText(engine, generation, generation.text.slice(segment.start_offset, segment.end_offset)),
    voice: generation.engine_voice,
    settings: generation.settings,
    ...(generation.seed !== null && { seed: segmentSeed(generation.seed, segment.index, rerolls) }),
  }
}
