import type { Span, Token } from './words.ts'

/** What is shown at a time. */
export interface Cue extends Span {
  /** One or two lines. */
  readonly lines: readonly string[]
}

/** Of subtitles in the languages that we know: two lines of 42 characters, seven seconds (BBC and Netflix guidelines). */
const lineCharacters = 42
const cueCharacters = 2 * lineCharacters
const cueMs = 7_000

/** Breaks what is spoken in one go into cues of about the same length, where a sentence or a clause ends if that is near. */
export function toCues(tokens: readonly Token[]): Cue[] {
  return sentencesOf(tokens)
    .flatMap((sentence) => split(sentence))
    .map(toCue)
}

function sentencesOf(tokens: readonly Token[]): Token[][] {
  const sentences: Token[][] = []
  let sentence: Token[] = []
  for (const token of tokens) {
    sentence.push(token)
    // Short ones stay together: a cue for “No.” is a flicker.
    if (/[.!?…。！？؟।]["'”’»)\]]*\s*$/u.test(token.text) && textOf(sentence).length >= lineCharacters) {
      sentences.push(sentence)
      sentence = []
    }
  }
  if (sentence.length > 0) sentences.push(sentence)
  return sentences
}

function split(tokens: readonly Token[]): (readonly Token[])[] {
  const parts = Math.ceil(Math.max(textOf(tokens).length / cueCharacters, lengthOf(tokens) / cueMs))
  if (parts <= 1 || tokens.length === 1) return [tokens]
  const at = firstBreak(tokens, parts)
  return [tokens.slice(0, at), ...split(tokens.slice(at))]
}

/** Where the first of so many parts ends best: near its share; the end of a clause is worth some way to it. */
function firstBreak(tokens: readonly Token[], parts: number): number {
  const share = textOf(tokens).length / parts
  const cost = (at: number) => {
    const part = tokens.slice(0, at)
    const length = textOf(part).length
    if (length > cueCharacters || lengthOf(part) > cueMs) return Number.POSITIVE_INFINITY
    const isClause = /[.,;:!?…—–、。，；：！？،؛؟।]["'”’»)\]]*\s*$/u.test(part.at(-1)?.text ?? '')
    return Math.abs(length - share) - (isClause ? share / 3 : 0)
  }
  const places = Array.from({ length: tokens.length - 1 }, (_, index) => index + 1)
  return places.reduce((best, at) => (cost(at) < cost(best) ? at : best))
}

const lengthOf = (tokens: readonly Token[]) => (tokens.at(-1)?.endMs ?? 0) - (tokens[0]?.startMs ?? 0)

function toCue(tokens: readonly Token[]): Cue {
  return {
    startMs: tokens[0]?.startMs ?? 0,
    endMs: tokens.at(-1)?.endMs ?? 0,
    lines: wrap(textOf(tokens)),
  }
}

/** Two lines of about the same length where one is too short for it. */
function wrap(text: string): string[] {
  if (text.length <= lineCharacters) return [text]
  const spaces = [...text.matchAll(/\s/gu)].map(({ index }) => index)
  const [first, ...rest] = spaces
  if (first === undefined) return [text]
  const at = rest.reduce(
    (best, space) => (Math.abs(space - text.length / 2) < Math.abs(best - text.length / 2) ? space : best),
    first,
  )
  return [text.slice(0, at).trim(), text.slice(at).trim()]
}

/** On one line, as a person reads it. */
const textOf = (tokens: readonly Token[]) =>
  tokens
    .map(({ text }) => text)
    .join('')
    .replaceAll(/\s+/gu, ' ')
    .trim()
