import type { SpeakSettings, SpeechEstimate } from '../engine.ts'
import { countSounds, type Sounds } from './sounds.ts'
import { deliver, type FliteVoice, type OfflineVoice } from './voices.ts'

type Weights = Readonly<Omit<Sounds, 'silent'>>

/**
 * Milliseconds that each sound takes at Flite's own pace. Fitted in November 2026 to what Flite 2.3 made of 1,040 texts
 * for each voice: 330 passages of two novels, and 710 of 90 kinds that are hard to foresee (sums, dates, capitals,
 * single letters, random characters, one word to a paragraph). `expected` is the least squares over them, within 6 % on
 * every passage of 500 characters and more; `most` is the lowest that lies above all of them, by linear programming.
 */
const weights: Readonly<Record<FliteVoice, { readonly expected: Weights; readonly most: Weights }>> = {
  slt: { expected: row(140, 0, 72, 55, 133, 368, 245, 214, 365), most: row(1311, 1, 134, 17, 271, 603, 242, 472, 224) },
  awb: {
    expected: row(122, 15, 69, 53, 143, 369, 268, 221, 342),
    most: row(619, 11, 154, 18, 304, 573, 224, 360, 321),
  },
  rms: {
    expected: row(118, 59, 87, 41, 160, 423, 185, 194, 375),
    most: row(1019, 0, 186, 14, 296, 685, 127, 450, 280),
  },
  kal16: {
    expected: row(63, 17, 85, 44, 150, 368, 355, 197, 376),
    most: row(817, 27, 122, 32, 288, 592, 291, 367, 287),
  },
}

/** Room above the highest of those texts. Of 1,500 others, at all paces and pitches, none came nearer than 8 %. */
const margin = 1.15

/** What is given for a segment without any sound, in milliseconds. */
export const silentSegmentMs = 100
/** For each silent character: a text is cut into segments of a hundred characters at least. */
const silence = silentSegmentMs / 100

/** Length of a text spoken in segments, without the pauses between them. */
export function estimateSpeech(text: string, voice: OfflineVoice, settings: SpeakSettings): SpeechEstimate {
  const sounds = countSounds(text)
  const { expected, most } = weights[voice.flite]
  const { stretch, rate } = deliver(voice, settings)
  // Against the pace the weights are for, at which the voice's own stretch is in them already.
  const pace = stretch / voice.stretch
  return {
    expectedMs: Math.ceil((total(sounds, expected) * (pace + floor(pace, 0.55, 0.42))) / rate),
    maxMs: Math.ceil(
      (margin * total(sounds, most) * (pace + floor(pace, 0.65, 0.55))) / rate + sounds.silent * silence,
    ),
  }
}

/** What haste does not take away: no third of a sound is shorter than 5 ms, so that from about `from` on it shows. */
function floor(pace: number, from: number, factor: number): number {
  return factor * Math.max(0, from - pace) ** 2
}

function total(sounds: Sounds, by: Weights): number {
  return Object.entries(by).reduce((sum, [sound, weight]) => sum + weight * sounds[sound as keyof Weights], 0)
}

function row(
  utterances: number,
  words: number,
  vowels: number,
  consonants: number,
  spelled: number,
  digits: number,
  commas: number,
  stops: number,
  states: number,
): Weights {
  return { utterances, words, vowels, consonants, spelled, digits, commas, stops, states }
}
