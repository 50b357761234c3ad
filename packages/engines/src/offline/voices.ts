import type { EngineVoice, SpeakSettings } from '../engine.ts'

/** A preset voice, and how Flite makes it. */
export interface OfflineVoice extends EngineVoice {
  /** Flite's own name of the voice. */
  readonly flite: 'slt' | 'awb' | 'rms' | 'kal16'
  /**
   * Mean and deviation of the fundamental frequency, in hertz, or `null` where Flite's voice follows no target: the
   * numbers of the voice's own model (`lang/cmu_us_*` in Flite 2.3), of a variant its wanted ones.
   */
  readonly pitch: { readonly mean: number; readonly deviation: number } | null
  /** Length against Flite's default: `kal16` sets 1.1 itself, and what we set replaces that. */
  readonly stretch: number
  /**
   * Rate of playback against Flite's. It moves the formants as the length of a throat does, which makes another person
   * of the same voice; pitch and length are set against it.
   */
  readonly throat: number
  /** Factor that brings the voice to the loudness of the others, see `voices.test.ts`. */
  readonly gain: number
}

export const offlineVoices: readonly OfflineVoice[] = [
  {
    id: 'stella',
    name: 'Stella',
    gender: 'female',
    language: 'en-US',
    description: 'A clear American voice, warm and even. Good for long reading.',
    flite: 'slt',
    pitch: { mean: 172, deviation: 27 },
    stretch: 1,
    throat: 1,
    gain: 1,
  },
  {
    id: 'angus',
    name: 'Angus',
    gender: 'male',
    language: 'en-GB',
    description:
      'A Scottish speaker, lively and precise, who reads words as an American dictionary spells their sounds.',
    flite: 'awb',
    pitch: { mean: 132, deviation: 25 },
    stretch: 1,
    throat: 1,
    gain: 1,
  },
  {
    id: 'russell',
    name: 'Russell',
    gender: 'male',
    language: 'en-US',
    description: 'A deep American voice that takes its time.',
    flite: 'rms',
    pitch: null,
    stretch: 1,
    throat: 1,
    gain: 1,
  },
  {
    id: 'otto',
    name: 'Otto',
    gender: 'male',
    language: 'en-US',
    description: 'The classic robot: flat, mechanical, every word distinct.',
    flite: 'kal16',
    pitch: { mean: 95, deviation: 11 },
    stretch: 1.1,
    throat: 1,
    gain: 1,
  },
]

/** What Flite is told for a voice and settings, and what its samples then are. */
export interface Delivery {
  readonly arguments: readonly string[]
  /** Of the samples it gives, in hertz. */
  readonly sampleRate: number
  readonly gain: number
}

const fliteRate = 16_000

export function deliver(voice: OfflineVoice, settings: SpeakSettings): Delivery {
  const { speed = 1, pitch = 0 } = settings
  const shift = 2 ** (pitch / 12)
  // In steps of 100 Hz, so that a resampler finds a short ratio to every rate. The pitch is then right within 11 cents.
  const sampleRate = Math.round((fliteRate * voice.throat * (voice.pitch ? 1 : shift)) / 100) * 100
  const rate = sampleRate / fliteRate
  const features: Record<string, number> = { duration_stretch: (voice.stretch * rate) / speed }
  if (voice.pitch) {
    features.int_f0_target_mean = (voice.pitch.mean * shift) / rate
    features.int_f0_target_stddev = (voice.pitch.deviation * shift) / rate
  }
  return {
    arguments: [
      '-voice',
      voice.flite,
      ...Object.entries(features).flatMap(([name, value]) => ['--setf', `${name}=${value}`]),
    ],
    sampleRate,
    gain: voice.gain,
  }
}
