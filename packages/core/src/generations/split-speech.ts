import type { Engine, SpeakSettings } from '@loqui/engines/engine'
import { splitTextInTurns, type TextSegment } from '../text/split.ts'

/** What is split: a text, and what tells its language. */
export interface Splittable {
  readonly text: string
  readonly settings: SpeakSettings
  /** Of the voice, BCP 47. */
  readonly language: string
}

/**
 * The segments that an engine speaks a text in. One place for all who split, since what is reserved is the sum over the
 * segments that are spoken: sentences end by the rules of the language that the engine is told to speak, else of its voice.
 */
export function splitSpeech(engine: Engine, { text, settings, language }: Splittable): Promise<readonly TextSegment[]> {
  return splitTextInTurns(text, {
    maxCharacters: engine.limits.segmentCharacters,
    locale: settings.language ?? language,
  })
}
