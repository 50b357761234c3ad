/** A stretch of time, in milliseconds from the beginning. */
export interface Span {
  readonly startMs: number
  readonly endMs: number
}

/** A word, with what stands behind it until the next one: a comma, a space. */
export interface Token extends Span {
  /** As it stands in the text; all tokens together are the text. */
  readonly text: string
  /** The word alone; empty where there is none, as at a dash before the first. */
  readonly word: string
}

/** What a token weighs: how long it takes against others. One letter is one. */
const weights = {
  /** Said in full, a figure is a word: “7” has five letters, “1998” some thirty. */
  digit: 5,
  /** Ideographs and syllables of other scripts that are one sound at least. */
  syllable: 3,
  comma: 3,
  stop: 6,
}

/**
 * Estimates when each word of a segment is spoken, from how long the words are and where a speaker pauses: engines tell how
 * long a segment is and nothing of what is in it. Tokens follow each other without gaps, from its beginning to its end.
 *
 * @param text of one segment
 * @param locale BCP 47, for languages that write words without spaces between them
 */
export function estimateWords(text: string, { startMs, endMs }: Span, locale = 'en'): Token[] {
  const parts = tokensOf(text, locale)
  const weighed = parts.map((part, index) => weigh(part.text, index === parts.length - 1))
  const total = weighed.reduce((sum, weight) => sum + weight, 0)
  let passed = 0
  const at = () => startMs + Math.round(((endMs - startMs) * passed) / total)
  return parts.map((part, index) => {
    const from = at()
    passed += weighed[index] ?? 0
    return { ...part, startMs: from, endMs: at() }
  })
}

/** By locale: to make one takes as long as to go through a page. */
const segmenters = new Map<string, Intl.Segmenter>()

function segmenterFor(locale: string): Intl.Segmenter {
  const segmenter = segmenters.get(locale) ?? new Intl.Segmenter(locale, { granularity: 'word' })
  segmenters.set(locale, segmenter)
  return segmenter
}

function tokensOf(text: string, locale: string): { text: string; word: string }[] {
  const tokens: { text: string; word: string }[] = []
  for (const { segment, isWordLike } of segmenterFor(locale).segment(text)) {
    const last = tokens.at(-1)
    if (last && !isWordLike) last.text += segment
    // What stands before the first word, an opening quotation mark, is its beginning.
    else if (last && last.word === '') Object.assign(last, { text: last.text + segment, word: segment })
    else tokens.push({ text: segment, word: isWordLike ? segment : '' })
  }
  return tokens
}

function weigh(text: string, isLast: boolean): number {
  let weight = 0
  for (const character of text) {
    if (/\p{Nd}/u.test(character)) weight += weights.digit
    else if (/\p{Lo}/u.test(character)) weight += weights.syllable
    else if (/[\p{L}\p{N}]/u.test(character)) weight += 1
  }
  // Nobody hears the silence behind the last word of a segment in it: it is cut off.
  if (!isLast && /[.!?…。！？؟।]/u.test(text)) weight += weights.stop
  else if (!isLast && /[,;:—–、，；：،؛]/u.test(text)) weight += weights.comma
  return Math.max(weight, 1)
}
