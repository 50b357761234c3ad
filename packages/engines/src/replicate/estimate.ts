import type { SpeechEstimate } from '../engine.ts'
import { soundsMs } from '../sounds.ts'
import { segmentMs } from './models.ts'

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
