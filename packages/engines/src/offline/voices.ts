import type { EngineVoice, SpeakSettings } from '../engine.ts'

export type FliteVoice = 'slt' | 'awb' | 'rms' | 'kal16'

/** A preset voice, and how Flite makes it. */
export interface OfflineVoice extends EngineVoice {
  /** Flite's own name of the voice. */
  readonly flite: FliteVoice
  /**
   * Mean and deviation of the fundamental frequency, in hertz, or `null` where Flite's voice follows no target: the
   * numbers of the voice's own model (`lang/cmu_us_*` of Flite 2.3), of a variant the wanted ones.
   */
  readonly pitch: { readonly mean: number; readonly deviation: number } | null
  /** Length that is this voice's own: `kal16` sets 1.1 itself, which what we set replaces. */
  readonly stretch: number
  /**
   * Rate of playback against Flite's. It moves the formants as the length of a throat does, which makes another person
   * of the same voice; pitch and length are set against it. Which values stay intelligible was found with a speech
   * recognizer: of ten sentences it misses 3 to 11 % of the words of the variants here, and 5 to 14 % of the others'.
   */
  readonly throat: number
  /** In decibels: brings the voices to −20 LUFS (Otto to −21, who would clip), measured with EBU R128 on two minutes each. */
  readonly gain: number
}

export const offlineVoices: readonly OfflineVoice[] = [
  {
    id: 'stella',
    name: 'Stella',
    gender: 'female',
    language: 'en-US',
    description: 'A clear and even American voice, good for long reading.',
    flite: 'slt',
    pitch: { mean: 172, deviation: 27 },
    stretch: 1,
    throat: 1,
    gain: -3.5,
  },
  {
    id: 'clara',
    name: 'Clara',
    gender: 'female',
    language: 'en-US',
    description: 'A lower and calmer American voice.',
    flite: 'slt',
    pitch: { mean: 150, deviation: 22 },
    stretch: 1,
    throat: 0.9,
    gain: -3,
  },
  {
    id: 'fiona',
    name: 'Fiona',
    gender: 'female',
    language: 'en-GB',
    description:
      'A bright voice with a Scottish accent, made from Angus. Words are pronounced as in an American dictionary.',
    flite: 'awb',
    pitch: { mean: 200, deviation: 34 },
    stretch: 1,
    throat: 1.175,
    gain: -0.5,
  },
  {
    id: 'angus',
    name: 'Angus',
    gender: 'male',
    language: 'en-GB',
    description:
      'A lively and precise voice with a Scottish accent. Words are pronounced as in an American dictionary.',
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
    gain: 1.5,
  },
  {
    id: 'miles',
    name: 'Miles',
    gender: 'male',
    language: 'en-US',
    description: 'A younger and lighter American voice.',
    flite: 'rms',
    pitch: null,
    stretch: 1,
    throat: 1.1,
    gain: 1.5,
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
    gain: 7,
  },
]

/** What Flite is told for a voice and settings, and what its samples then are. */
export interface Delivery {
  /** All but the stretch. */
  readonly arguments: readonly string[]
  /** What sounds are lengthened by in Flite. */
  readonly stretch: number
  /** Of playback, against Flite's. */
  readonly rate: number
  /** Of playback, in hertz. */
  readonly sampleRate: number
}

const fliteRate = 16_000

export function deliver(voice: OfflineVoice, settings: SpeakSettings): Delivery {
  const { speed = 1, pitch = 0 } = settings
  const shift = 2 ** (pitch / 12)
  // In steps of 100 Hz, so that a resampler finds a short ratio to every rate. The pitch is then right within 11 cents.
  const sampleRate = Math.round((fliteRate * voice.throat * (voice.pitch ? 1 : shift)) / 100) * 100
  const rate = sampleRate / fliteRate
  const stretch = (voice.stretch * rate) / speed
  const set: string[] = []
  if (voice.pitch) {
    set.push('--setf', `int_f0_target_mean=${(voice.pitch.mean * shift) / rate}`)
    set.push('--setf', `int_f0_target_stddev=${(voice.pitch.deviation * shift) / rate}`)
  }
  return { arguments: ['-voice', voice.flite, ...set], stretch, rate, sampleRate }
}
