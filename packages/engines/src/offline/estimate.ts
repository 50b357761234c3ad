import type { SpeakSettings, SpeechEstimate } from '../engine.ts'
import { countSounds, type Sounds } from './sounds.ts'
import { speakable } from './speakable.ts'
import { deliver, type FliteVoice, type OfflineVoice } from './voices.ts'

/** Milliseconds of each sound, and of what a segment takes once. */
interface Weights extends Readonly<Sounds> {
  readonly once: number
}

/**
 * Milliseconds at Flite's own pace, fitted in November 2026 to what Flite 2.3 made. `expected` is the least squares over 330
 * passages of two novels and 710 texts of 90 kinds that are hard to foresee (sums, dates, capitals, single letters, random
 * characters), within 6 % on every passage of 500 characters and more. `most` is by linear programming the lowest that lies
 * above each of 721 segments: prose, letters, recipes, addresses, and lists of words, of abbreviations and of random characters;
 * with the margin no sound takes less in it than is expected of it. Beyond both are only random vowels, and a few words over
 * and over.
 */
const weights: Readonly<Record<FliteVoice, { readonly expected: Weights; readonly most: Weights }>> = {
  slt: { expected: row(140, 0, 72, 55, 133, 368, 245, 214), most: row(428, 0, 63, 82, 271, 603, 242, 472) },
  awb: { expected: row(122, 15, 69, 53, 143, 369, 268, 221), most: row(476, 14, 61, 76, 304, 588, 273, 404) },
  rms: { expected: row(118, 59, 87, 41, 160, 423, 185, 194), most: row(457, 52, 76, 81, 296, 685, 161, 450) },
  kal16: { expected: row(63, 17, 85, 44, 150, 368, 355, 197), most: row(546, 15, 74, 68, 288, 596, 382, 415) },
}

/** Room above the highest of those segments, so that what anybody would write is never hastened. */
const margin = 1.15

/** What is given for a segment without any sound, in milliseconds. */
export const silentSegmentMs = 100

/** Length of one segment. What is spoken is never longer than `maxMs`: where it would be, it is hastened. */
export function estimateSpeech(text: string, voice: OfflineVoice, settings: SpeakSettings): SpeechEstimate {
  const spoken = speakable(text)
  if (spoken === '') return { expectedMs: silentSegmentMs, maxMs: silentSegmentMs }
  const sounds = countSounds(spoken)
  const { expected, most } = weights[voice.flite]
  const { stretch, rate } = deliver(voice, settings)
  // Against the pace the weights are for, at which the voice's own stretch is in them already.
  const pace = stretch / voice.stretch
  const length = (pace + floor(pace)) / rate
  return {
    expectedMs: Math.ceil(total(sounds, expected) * length),
    maxMs: Math.ceil(margin * total(sounds, most) * length),
  }
}

/** What haste does not take away: no third of a sound is shorter than 5 ms, so that from about here on it shows. */
function floor(pace: number): number {
  return 0.42 * Math.max(0, 0.55 - pace) ** 2
}

function total(sounds: Sounds, { once, ...by }: Weights): number {
  return Object.entries(by).reduce((sum, [sound, weight]) => sum + weight * sounds[sound as keyof Sounds], once)
}

function row(
  once: number,
  words: number,
  vowels: number,
  consonants: number,
  spelled: number,
  digits: number,
  commas: number,
  stops: number,
): Weights {
  return { once, words, vowels, consonants, spelled, digits, commas, stops }
}
