import type { GenerationRow } from '@loqui/db/schema/generations'
import type { Engine, SpeakSettings } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import { findPauses } from '../text/pauses.ts'
import { splitTextInTurns, type TextSegment } from '../text/split.ts'
import { splitAtPauses, type UnnumberedSegment } from '../text/split-at-pauses.ts'
import { createTurns } from '../text/turns.ts'
import { askedText, type Pronounced } from './asked-text.ts'

/** What is split: a text, and what tells its language. */
export interface Splittable {
  readonly text: string
  readonly settings: SpeakSettings
  /** Of the voice, BCP 47. */
  readonly language: string
}

/** Who may have to speak a segment, and how its words are to be said by them. */
export interface Speaking extends Pronounced {
  readonly engine: Engine
}

/**
 * The segments that a text is spoken in. One place for all who split, since what is reserved is the sum over the segments that
 * are spoken: sentences end by the rules of the language that the engine is told to speak, else of its voice. None is longer
 * than the engine takes, written as it is to be said; and than that of the fallback takes, where there is one, so that
 * either can speak them.
 */
export async function splitSpeech(
  speakers: readonly Speaking[],
  { text, settings, language }: Splittable,
): Promise<readonly TextSegment[]> {
  const segmentCharacters = Math.min(...speakers.map(({ engine }) => engine.limits.segmentCharacters))
  const asWritten = speakers.every(
    ({ pronunciations, normalized_as }) => pronunciations === null && normalized_as === null,
  )
  /** How much of what an engine takes is taken by what it is asked for: more than 1 is too long. */
  const share = (written: string) =>
    Math.max(
      ...speakers.map((speaker) => {
        const { engine } = speaker
        return askedText(engine, speaker, written).length / engine.limits.segmentCharacters
      }),
    )

  const turn = createTurns()
  async function split(part: string, maxCharacters: number): Promise<readonly UnnumberedSegment[]> {
    await turn()
    const segments = await splitTextInTurns(part, { maxCharacters, locale: settings.language ?? language })
    // As it is written it is short enough.
    if (asWritten) return segments
    const fitting: UnnumberedSegment[] = []
    for (const segment of segments) {
      await turn()
      const taken = share(segment.text)
      if (taken <= 1 || segment.text.length < 4) {
        fitting.push(segment)
        continue
      }
      const most = Math.max(2, Math.floor((segment.text.length * 0.9) / taken))
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

/**
 * Who may have to speak a generation: the engine of its voice, and that of its fallback where this process has it. Without,
 * nobody falls back to it here.
 *
 * @throws {Error} where this process has not the engine of its voice.
 */
export function speakersOf(
  { engines }: Caller<'engines'>,
  { fallback, ...own }: Pick<GenerationRow, 'engine' | 'pronunciations' | 'normalized_as' | 'fallback'>,
): readonly [Speaking, ...Speaking[]] {
  const engine = engines.get(own.engine)
  if (!engine) throw new Error(`this worker has no engine “${own.engine}”`)
  const other = fallback && engines.get(fallback.engine)
  return fallback && other
    ? [
        { ...own, engine },
        { ...fallback, engine: other },
      ]
    : [{ ...own, engine }]
}
