import type { SpeakRequest, SpeechEstimate } from '../engine.ts'
import { soundsMs } from '../sounds.ts'

/** Which voice in which language it will be is not known: nobody is slower than this against the usual, and what is has run on. */
const slowest = 2.5
/** An utterance begins and ends somewhere, and some models put silence before and after it. */
const edgesMs = { expected: 200, most: 3_000 }

/** Length of one segment. What is longer than `maxMs` is not taken. */
export function estimateSpeech({ text, settings: { speed = 1 } }: SpeakRequest): SpeechEstimate {
  const ms = soundsMs(text) / speed
  return {
    expectedMs: Math.ceil(ms + edgesMs.expected),
    maxMs: Math.ceil(ms * slowest + edgesMs.most / Math.min(1, speed)),
  }
}
