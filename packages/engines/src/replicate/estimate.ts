import type { SpeechEstimate } from '../engine.ts'
import { segmentMs } from './models.ts'

/** Milliseconds that a character takes: English has some 15 letters a second; a digit is a word, and so is half a sign of Chinese. */
const paces: readonly { readonly of: RegExp; readonly ms: number }[] = [
  { of: /\p{N}/gu, ms: 330 },
  { of: /\p{sc=Han}/gu, ms: 240 },
  { of: /[\p{sc=Hiragana}\p{sc=Katakana}]/gu, ms: 140 },
  { of: /\p{sc=Hangul}/gu, ms: 190 },
]
const usualMs = 67

/** Speakers and chance: nobody is slower than this against the usual. What comes out longer is a model that runs on. */
const slowest = 2.2
/** An utterance begins and ends somewhere, and the models are loath to be brief. */
const edgesMs = { expected: 200, most: 3_000 }
/** Segments are seldom shorter: a text of so many characters is one at least, and so is a paragraph. */
const shortSegment = 100

/** Length of a text spoken in segments, without the pauses between them. */
export function estimateSpeech(text: string): SpeechEstimate {
  const paragraphs = text.split(/\n\s*\n/u).filter((paragraph) => paragraph.trim() !== '')
  const utterances = paragraphs.reduce((sum, { length }) => sum + Math.ceil(length / shortSegment), 0)
  const ms = soundsMs(text)
  const mostMs = ms * slowest + utterances * edgesMs.most
  return {
    expectedMs: Math.ceil(ms + utterances * edgesMs.expected),
    maxMs: Math.ceil(Math.min(mostMs, Math.max(1, utterances) * segmentMs)),
  }
}

/** The longest that one segment may be: all of them together stay below what is estimated for their text. */
export function longestSegmentMs(text: string): number {
  return Math.min(soundsMs(text) * slowest + edgesMs.most, segmentMs)
}

function soundsMs(text: string): number {
  let rest = text.replace(/\s+/gu, ' ').length
  let ms = 0
  for (const pace of paces) {
    const count = text.match(pace.of)?.length ?? 0
    ms += count * pace.ms
    rest -= count
  }
  return ms + Math.max(0, rest) * usualMs
}
