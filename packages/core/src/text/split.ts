import { createTurns } from './turns.ts'

/** A part of a text that is spoken alone. */
export interface TextSegment {
  /** Position among the segments, from 0. */
  readonly index: number
  /** Where it begins in the whole text, in UTF-16 code units. */
  readonly start: number
  /** Where it ends, exclusive. */
  readonly end: number
  /** `text.slice(start, end)` of the whole text: line breaks inside it are kept. */
  readonly text: string
  /** Silence after it, in milliseconds: 0 after the last. */
  readonly pauseMs: number
}

export interface SplitOptions {
  /** No segment is longer, in UTF-16 code units. An integer, at least 2 so that a surrogate pair fits. */
  readonly maxCharacters: number
  /** BCP 47 tag by whose rules sentences end. Default `en`. */
  readonly locale?: string | undefined
}

/** What separates a piece from the one after it. */
type Break = 'word' | 'clause' | 'sentence' | 'paragraph'

interface Span {
  readonly start: number
  readonly end: number
}

interface Piece extends Span {
  readonly after: Break
}

/** Sentence and paragraph: what Flite's voices themselves pause between sentences (330 to 380 ms), and twice that. */
const pauses: Record<Break, number> = { word: 0, clause: 150, sentence: 350, paragraph: 700 }

/** `Intl.Segmenter` takes quadratic time and memory on one long string before Node 22; in windows it is linear everywhere. */
const windowCharacters = 2000

// The two characters of Windows are one: a carriage return before a line feed is none of its own.
const lineBreak = String.raw`(?:\r\n|\r(?!\n)|[\n\u2028])`
const paragraphBreak = new RegExp(String.raw`(?:${lineBreak}[^\S\n\r\u2028\u2029]*${lineBreak}|[\f\u2029])\s*`, 'gu')

const abbreviations =
  'Mr|Mrs|Ms|Mx|Messrs|Mme|Mlle|Dr|Prof|Rev|Hon|Sr|Jr|St|Mt|Ft|Gen|Col|Maj|Capt|Lt|Sgt|Gov|Sen|Rep|Pres|Supt|' +
  'Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Ave|Blvd|Rd|No|Nos|Nr|Fig|Vol|Ch|Sec|Ed|Eds|pp?|cf|ca|viz|vs|etc|' +
  'approx|est|dept|bzw|usw|al|Inc|Ltd|Co|Corp|Bros'
/** Ends in a full stop that as a rule ends no sentence: an abbreviation, an initial, or letters with stops between. */
const endsInAbbreviation = new RegExp(
  String.raw`(?:^|[\s(\[“‘"'—–-])(?:${abbreviations}|\p{L}|(?:\p{L}\.)+\p{L})\.\s*$`,
  'iu',
)
/** Those of them that also stand at the end of a sentence: then a capital letter follows. */
const mayEndSentence = /(?:\betc|\bInc|\bLtd|\bCo|\bCorp|\bBros|\bU\.S|\b[ap]\.m)\.\s*$/iu
const startsUpper = /^\P{L}*\p{Lu}/u
/** ‘Well!’ thought Alice: what goes on in lower case is the same sentence. */
const startsLower = /^[\s"'“”‘’«»()[\]—–-]*\p{Ll}/u

const speakable = /[\p{L}\p{N}]/u

/** Ends of clauses, strongest first, each with the closing marks and spaces that belong to it. */
const cuts: readonly { readonly pattern: RegExp; readonly after: Break }[] = [
  { pattern: /[.!?…。！？]["'”’»)\]]*\s+|[。！？][”’»」』）]*/gu, after: 'sentence' },
  { pattern: /[;:,،؛]["'”’»)\]]*\s+|--+\s*|[—–]\s*|[、，；：]/gu, after: 'clause' },
  { pattern: /\s+/gu, after: 'word' },
]

/**
 * Splits a text into segments that end at sentences: short sentences of a paragraph share a segment, one that is too
 * long is cut at a clause, else at a space, else between graphemes. A blank line ends a paragraph; a single line break
 * is a space, as in hard-wrapped prose. All text that is not blank is covered, in order, once.
 *
 * @throws {RangeError} when `maxCharacters` is no integer of at least 2, or `locale` no language tag.
 */
export function splitText(text: string, options: SplitOptions): readonly TextSegment[] {
  const splitting = split(text, options)
  for (;;) {
    const { done, value } = splitting.next()
    if (done) return value
  }
}

/**
 * Splits as {@link splitText} does, and lets others take their turn.
 *
 * @throws {RangeError} as {@link splitText}.
 */
export async function splitTextInTurns(text: string, options: SplitOptions): Promise<readonly TextSegment[]> {
  const splitting = split(text, options)
  for (const turn = createTurns(); ; await turn()) {
    const { done, value } = splitting.next()
    if (done) return value
  }
}

/** Yields now and then, where it can wait. */
function* split(text: string, options: SplitOptions): Generator<undefined, readonly TextSegment[], undefined> {
  const { maxCharacters, locale = 'en' } = options
  if (!Number.isInteger(maxCharacters) || maxCharacters < 2)
    throw new RangeError(`maxCharacters: expected an integer of at least 2, got ${maxCharacters}`)
  const sentences = new Intl.Segmenter(locale, { granularity: 'sentence' })
  const pieces: Piece[] = []
  for (const paragraph of paragraphs(text)) {
    const parts: Piece[] = []
    for (const sentence of yield* sentencesOf(text, paragraph, sentences)) {
      for (const part of fit(text, sentence, maxCharacters)) {
        yield
        parts.push(part)
      }
    }
    for (const piece of endWith('paragraph', group(text, parts, maxCharacters))) pieces.push(piece)
  }
  return joinUnspeakable(text, pieces, maxCharacters).map((piece, index, all) => ({
    index,
    start: piece.start,
    end: piece.end,
    text: text.slice(piece.start, piece.end),
    pauseMs: index === all.length - 1 ? 0 : pauses[piece.after],
  }))
}

/** How many paragraphs a text has, or `most` where it has more: known at once, while splitting it takes its time. */
export function countParagraphs(text: string, most: number): number {
  let count = 0
  for (const _ of paragraphs(text)) if (++count >= most) break
  return count
}

/** Each trimmed, and none blank. */
function* paragraphs(text: string): Generator<Span, void, undefined> {
  let start = 0
  for (const match of text.matchAll(paragraphBreak)) {
    const span = trim(text, { start, end: match.index })
    if (isFilled(span)) yield span
    start = match.index + match[0].length
  }
  const last = trim(text, { start, end: text.length })
  if (isFilled(last)) yield last
}

/** The sentences of a paragraph, trimmed. */
function* sentencesOf(
  text: string,
  paragraph: Span,
  segmenter: Intl.Segmenter,
): Generator<undefined, Span[], undefined> {
  const spans: Span[] = []
  let position = paragraph.start
  // Longer than a window: it goes on in the next.
  let isLastOpen = false
  while (position < paragraph.end) {
    yield
    const windowEnd = Math.min(paragraph.end, position + windowCharacters)
    // The rules end a sentence at every line break, which in hard-wrapped prose is nothing but a space.
    const window = text.slice(position, windowEnd).replace(/[\n\r\u2028\u0085]/gu, ' ')
    const found: { start: number; end: number }[] = []
    for (const { index, segment } of segmenter.segment(window)) {
      const last = found.at(-1)
      if (last && continues(window.slice(last.start, last.end), segment)) last.end = index + segment.length
      else found.push({ start: index, end: index + segment.length })
    }
    // The window may have cut its last sentence: the next one begins with it.
    const isCut = windowEnd < paragraph.end
    const whole = isCut && found.length > 1 ? found.slice(0, -1) : found
    for (const { start, end } of whole) {
      const begun = isLastOpen ? spans.pop() : undefined
      spans.push({ start: begun?.start ?? position + start, end: position + end })
      isLastOpen = false
    }
    isLastOpen = isCut && found.length === 1
    position += whole.at(-1)?.end ?? window.length
  }
  return spans.map((span) => trim(text, span)).filter(isFilled)
}

/** Whether `next` belongs to the sentence that `sentence` seemed to end. */
function continues(sentence: string, next: string): boolean {
  if (startsLower.test(next)) return true
  // Only the end matters, and the pattern would otherwise be tried at every position of a long sentence.
  const end = sentence.slice(-16)
  return endsInAbbreviation.test(end) && !(mayEndSentence.test(end) && startsUpper.test(next))
}

/** Cuts a span into pieces that are short enough. The last piece ends as a sentence. */
function* fit(text: string, span: Span, max: number): Generator<Piece, void, void> {
  let rest = span
  while (rest.end - rest.start > max) {
    const cut = bestCut(text, rest, max)
    const piece = trim(text, { start: rest.start, end: cut.at })
    if (isFilled(piece)) yield { ...piece, after: cut.after }
    rest = trim(text, { start: cut.at, end: rest.end })
  }
  if (isFilled(rest)) yield { ...rest, after: 'sentence' }
}

/** Where to cut a span that is too long, so that neither side is a crumb. */
function bestCut(text: string, span: Span, max: number): { at: number; after: Break } {
  const length = span.end - span.start
  const ideal = length < 2 * max ? length / 2 : max
  const from = Math.min(length / 4, max / 3)
  const to = Math.min(max, length - from)
  // One character more, so that punctuation at the very end still sees the space after it.
  const window = text.slice(span.start, span.start + max + 1)
  for (const { pattern, after } of cuts) {
    let best: number | undefined
    for (const match of window.matchAll(pattern)) {
      const mark = match.index + match[0].trimEnd().length
      if (mark < from || mark > to || mark === 0) continue
      if (after === 'sentence' && endsInAbbreviation.test(window.slice(Math.max(0, mark - 16), mark))) continue
      if (best === undefined || Math.abs(mark - ideal) < Math.abs(best - ideal)) best = mark
    }
    if (best !== undefined) return { at: span.start + best, after }
  }
  return { at: span.start + graphemeBoundary(window, max), after: 'word' }
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** The last position up to `max` that is inside no grapheme; a grapheme longer than that is cut between code points. */
function graphemeBoundary(text: string, max: number): number {
  const boundary = graphemes.segment(text).containing(max)?.index ?? max
  if (boundary > 0) return boundary
  const inPair = /[\uDC00-\uDFFF]/.test(text.charAt(max)) && /[\uD800-\uDBFF]/.test(text.charAt(max - 1))
  return inPair ? max - 1 : max
}

/** Joins the pieces of one paragraph until each is of a sensible size, and none but an only one is a crumb. */
function group(text: string, pieces: readonly Piece[], max: number): Piece[] {
  const enough = max * 0.6
  const crumb = Math.min(max * 0.2, 40)
  const groups: Piece[] = []
  for (const piece of pieces) {
    const last = groups.at(-1)
    if (!last) {
      groups.push(piece)
      continue
    }
    const joined = { start: last.start, end: piece.end, after: piece.after }
    const isCrumb = last.end - last.start < crumb || piece.end - piece.start < crumb
    const fits = joined.end - joined.start <= max
    if (fits && (isCrumb || last.end - last.start < enough)) groups.splice(-1, 1, joined)
    else if (isCrumb) groups.splice(-1, 1, ...endWith(piece.after, [...fit(text, joined, max)]))
    else groups.push(piece)
  }
  return groups
}

/** Stars between paragraphs have no sound of their own: they go with what they follow. */
function joinUnspeakable(text: string, pieces: readonly Piece[], max: number): Piece[] {
  const joined: Piece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    const eitherSilent =
      last !== undefined &&
      !(speakable.test(text.slice(last.start, last.end)) && speakable.test(text.slice(piece.start, piece.end)))
    if (last && eitherSilent && piece.end - last.start <= max) joined.splice(-1, 1, { ...piece, start: last.start })
    else joined.push(piece)
  }
  return joined
}

function endWith(after: Break, pieces: readonly Piece[]): Piece[] {
  return pieces.map((piece, index) => (index === pieces.length - 1 ? { ...piece, after } : piece))
}

function trim(text: string, span: Span): Span {
  const slice = text.slice(span.start, span.end)
  const start = span.start + slice.length - slice.trimStart().length
  return { start, end: Math.max(start, span.start + slice.trimEnd().length) }
}

function isFilled(span: Span): boolean {
  return span.end > span.start
}
