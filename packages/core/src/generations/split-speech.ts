import type { Engine, SpeakSettings } from '@loqui/engines/engine'
import { findPauses } from '../text/pauses.ts'
import { splitTextInTurns, type TextSegment } from '../text/split.ts'
import { splitAtPauses, type UnnumberedSegment } from '../text/split-at-pauses.ts'
import { askedText, type Pronounced } from './asked-text.ts'

/** What is split: a text, and what tells its language and how its words are said. */
export interface Splittable extends Pronounced {
  readonly text: string
  readonly settings: SpeakSettings
  /** Of the voice, BCP 47. */
  readonly language: string
}

/**
 * The segments that an engine speaks a text in. One place for all who split, since what is reserved is the sum over the
 * segments that are spoken: sentences end by the rules of the language that the engine is told to speak, else of its voice. None
 * is longer than the engine takes, written as it is to be said.
 */
export async function splitSpeech(engine: Engine, splittable: Splittable): Promise<readonly TextSegment[]> {
  const { text, settings, language, pronunciations, normalized_as } = splittable
  const { segmentCharacters } = engine.limits

  async function split(part: string, maxCharacters: number): Promise<readonly UnnumberedSegment[]> {
    const segments = await splitTextInTurns(part, { maxCharacters, locale: settings.language ?? language })
    // As it is written it is short enough.
    if (pronunciations === null && normalized_as === null) return segments
    const fitting: UnnumberedSegment[] = []
    for (const segment of segments) {
      const asked = askedText(engine, splittable, segment.text).length
      if (asked <= segmentCharacters || segment.text.length < 4) {
        fitting.push(segment)
        continue
      }
      const most = Math.max(2, Math.floor((segment.text.length * segmentCharacters * 0.9) / asked))
      const shorter = await split(segment.text, most)
      for (const [index, inner] of shorter.entries()) {
        fitting.push({
          start: segment.start + inner.start,
          end: segment.start + inner.end,
          text: inner.text,
          pauseMs: index === shorter.length - 1 ? segment.pauseMs : inner.pauseMs,
        })
      }
    }
    return fitting
  }

  const segments = await splitAtPauses(text, findPauses(text), (part) => split(part, segmentCharacters))
  return segments.map((segment, index) => ({ ...segment, index }))
}
