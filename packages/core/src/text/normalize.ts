import { englishWriters } from './normalize-english.ts'
import { plainWriters } from './normalize-plain.ts'
import { type NumberWords, numberWordsOf } from './number-words.ts'
import { joiners, letter, type Writer } from './writers.ts'

/** A part of a text, and what it is written out as. */
export interface Written {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  readonly text: string
}

/** Whether there are number words for a language, BCP 47. */
export const isNormalizable = (language: string): boolean => numberWordsOf(language) !== undefined

/**
 * Finds what is to be written out before it is spoken: numbers, ordinals, money, shares, times, dates, units and abbreviations in
 * English; whole numbers, decimals, shares, units, money and some ordinals in the other languages. What only looks like one of them (a
 * version, a number to call, an address, a name with a digit in it) is not found.
 *
 * @param language BCP 47; of one without number words nothing is found.
 * @returns in order, without overlaps.
 */
export function findWritten(text: string, language: string): Written[] {
  const writers = writersOf(language)
  const found: Written[] = []
  if (!writers) return found
  const candidate = new RegExp(candidatePattern, 'gu')
  const opaque = new RegExp(opaquePattern, 'uy')
  for (let match = candidate.exec(text); match; match = candidate.exec(text)) {
    const start = match.index
    const written = writtenAt(text, start, writers)
    if (written) {
      // What is kept as it is is only stepped over.
      if (written.text !== text.slice(start, written.end)) found.push(written)
      candidate.lastIndex = written.end
      continue
    }
    opaque.lastIndex = start
    candidate.lastIndex = opaque.test(text) ? opaque.lastIndex : start + match[0].length
  }
  return found
}

/** @param written in order, without overlaps. */
export function replaceWritten(text: string, written: readonly Written[]): string {
  if (written.length === 0) return text
  let replaced = ''
  let position = 0
  for (const part of written) {
    replaced += text.slice(position, part.start) + part.text
    position = part.end
  }
  return replaced + text.slice(position)
}

const currencySign = String.raw`[\p{Sc}]`
const candidatePattern = String.raw`${letter}|\p{N}|${currencySign}|(?<![^\s(\[“"‘])[-−+](?=[\d.\p{Sc}])|\.(?=\d)|['’](?=\d0s)|\((?=\d{3,5}\))|&`
/** What is stepped over as a whole where nothing of it can be written out. */
const opaquePattern = `[-−+]?${currencySign}{0,3}(?:${letter})+(?:${joiners}${currencySign}{0,3}(?:${letter})+)*`

function writtenAt(text: string, start: number, writers: readonly Writer[]): Written | undefined {
  for (const { pattern, write } of writers) {
    pattern.lastIndex = start
    const match = pattern.exec(text)
    if (!match) continue
    const end = start + match[0].length
    const said = write(match.groups ?? {}, { text, start, end })
    if (said !== undefined) return { start, end, text: said }
  }
  return undefined
}

const made = new Map<string, readonly Writer[]>()
/** Tags are short, and of voices and settings: there are not many. */
const mostMade = 200

function writersOf(language: string): readonly Writer[] | undefined {
  const known = made.get(language)
  if (known) return known
  const words = numberWordsOf(language)
  if (!words) return undefined
  const writers = makeWriters(language, words)
  if (made.size < mostMade) made.set(language, writers)
  return writers
}

const makeWriters = (language: string, words: NumberWords) =>
  /^en\b/iu.test(language) ? englishWriters(language, words) : plainWriters(language, words)
