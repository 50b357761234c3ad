// SPDX-License-Identifier: GPL-3.0-or-later
import init from '@echogarden/espeak-ng-emscripten'
import { languageOf } from './languages.ts'
import { plain } from './plain.ts'

export interface Voice {
  readonly id: string
  readonly name: string
  readonly gender: 'female' | 'male'
  /** BCP 47. */
  readonly language: string
}

/** What is to be said, and how. */
export interface Order {
  readonly text: string
  readonly voice: string
  /** Against the usual pace. */
  readonly speed: number
  /** In semitones. */
  readonly pitch: number
  readonly mostSamples: number
}

export interface Espeak {
  readonly voices: readonly Voice[]
  /**
   * @param hear is given the sound as it is made.
   * @returns whether it was cut off at the most.
   * @throws {Error} for a voice that it does not have.
   */
  speak(order: Order, hear: (samples: Int16Array) => void): boolean
}

export const sampleRate = 22_050

/** In words a minute. */
const rate = { usual: 175, least: 80, most: 450 }
/** Of 0 to 99; each step is 0.91 % of the frequency. */
const pitch = { usual: 50, perSemitone: Math.LN2 / 12 / 0.0091 }
/** The one of eSpeak's variants that is taken for a woman most readily. */
const female = '+f2'

export async function openEspeak(): Promise<Espeak> {
  const print = (line: string) => process.stderr.write(`${line}\n`)
  const { eSpeakNGWorker } = await init({ print, printErr: print })
  const espeak = new eSpeakNGWorker()
  const identifiers = new Map<string, string>()
  const voices: Voice[] = []
  for (const { identifier, name, languages } of espeak.list_voices()) {
    const id = identifier.split('/').at(-1) ?? identifier
    // A voice of its own script has that in its name alone.
    const language = languageOf(/-latn/i.test(id) ? id : (languages[0]?.name ?? id))
    if (language === null || identifiers.has(id)) continue
    for (const [variant, gender] of [
      ['', 'male'],
      [female, 'female'],
    ] as const) {
      identifiers.set(id + variant, identifier + variant)
      voices.push({ id: id + variant, name: name.trim(), gender, language })
    }
  }

  return {
    voices,
    speak({ text, voice, speed, pitch: semitones, mostSamples }, hear) {
      const identifier = identifiers.get(voice)
      if (identifier === undefined || espeak.set_voice(identifier) !== 0) throw new Error('there is no such voice')
      espeak.set_rate(Math.round(clamp(rate.usual * speed, rate.least, rate.most)))
      espeak.set_pitch(Math.round(clamp(pitch.usual + pitch.perSemitone * semitones, 0, 99)))
      espeak.set_range(50)
      let left = mostSamples
      let cut = false
      espeak.synthesize(plain(text), (samples) => {
        cut ||= samples.length > left
        if (samples.length > 0) hear(samples.subarray(0, left))
        left = Math.max(0, left - samples.length)
        return cut
      })
      return cut
    },
  }
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value))
