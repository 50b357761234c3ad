import type { GenerationRow } from '@loqui/db/schema/generations'
import type { Engine } from '@loqui/engines/engine'
import { withoutPauses } from '../text/pauses.ts'
import { pronounce } from '../text/pronounce.ts'
import { withoutSounds } from '../text/sounds.ts'

/** How the words of a text are to be said: as they were frozen when its generation was created. */
export type Pronounced = Pick<GenerationRow, 'pronunciations' | 'normalized_as'>

/**
 * What an engine is asked to speak for a text as it was written: without the pauses, which are ours, and the sounds that it does
 * not make, with its words as they are to be said and, where that is wished, its numbers and abbreviations written out. What is bounded, priced and checked is this; captions show what was written.
 *
 * @returns an empty text where there is nothing to ask for.
 */
export function askedText(
  engine: Pick<Engine, 'sounds'>,
  { pronunciations, normalized_as }: Pronounced,
  written: string,
): string {
  const spoken = withoutSounds(withoutPauses(written), engine.sounds ?? [])
  const asked = pronounce(spoken, pronunciations ?? [], normalized_as)
  return asked === written ? written : asked.trim()
}

/** What is heard for a segment that asks for nothing, as one that is only a pause, in milliseconds: no audio is empty. */
export const nothingMs = 10
