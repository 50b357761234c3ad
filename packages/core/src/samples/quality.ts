import type { SampleMeasurements } from '@loqui/db/schema/samples'

/** How well a sample serves to make a voice from, and what would make it better. */
export interface SampleQuality {
  rating: 'good' | 'fair' | 'poor'
  /** What weighs most comes first; empty for a good one. */
  advice: SampleAdvice[]
}

export interface SampleAdvice {
  reason: 'short' | 'long' | 'quiet' | 'loud' | 'clipped' | 'noisy' | 'pauses' | 'narrow'
  /** A sentence with what was measured and what to give instead, such as “2.1 s of speech; give 6 to 15 s.” */
  message: string
}

interface Measured extends SampleMeasurements {
  readonly durationMs: number
  readonly sampleRate: number
}

/** What is wrong with a sample, if it is. */
type Rule = (measured: Measured) => { readonly poor: boolean; readonly advice: SampleAdvice } | undefined

const found = (reason: SampleAdvice['reason'], poor: boolean, message: string) => ({
  poor,
  advice: { reason, message },
})

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

/**
 * From what engines that clone ask for: 6 to 15 s of one voice, dry and near, at 16 kHz or more. Levels are those at which
 * speech is recorded and broadcast (EBU R128: −23 LUFS); below 20 dB between speech and noise a clone sounds of the room.
 */
const rules: readonly Rule[] = [
  ({ speechMs }) =>
    speechMs < 6_000 ? found('short', speechMs < 3_000, `${seconds(speechMs)} of speech; give 6 to 15 s.`) : undefined,
  ({ clippedShare }) =>
    clippedShare > 0.0002
      ? found(
          'clipped',
          clippedShare > 0.005,
          `${percent(clippedShare)} of it is cut off at full level; record it at a lower level.`,
        )
      : undefined,
  ({ loudnessLufs, noiseDbfs }) => {
    if (loudnessLufs === null) return undefined
    const distance = loudnessLufs - noiseDbfs
    return distance < 30
      ? found(
          'noisy',
          distance < 20,
          `The voice is ${Math.max(0, distance).toFixed(0)} dB above the noise; give a quiet room, 30 dB or more.`,
        )
      : undefined
  },
  ({ sampleRate }) =>
    sampleRate < 16_000
      ? found(
          'narrow',
          sampleRate <= 8_000,
          `${sampleRate / 1_000} kHz sounds like a telephone; record at 24 kHz or more.`,
        )
      : undefined,
  ({ loudnessLufs }) => {
    if (loudnessLufs === null) return undefined
    if (loudnessLufs < -35) {
      return found(
        'quiet',
        loudnessLufs < -45,
        `${loudnessLufs.toFixed(0)} LUFS is quiet; speak nearer, −30 to −14 LUFS.`,
      )
    }
    return loudnessLufs > -10
      ? found('loud', false, `${loudnessLufs.toFixed(0)} LUFS is loud; record it at a lower level, −30 to −14 LUFS.`)
      : undefined
  },
  ({ speechMs, durationMs }) =>
    speechMs < durationMs / 2
      ? found('pauses', false, `${percent(1 - speechMs / durationMs)} of it is pause; cut the pauses.`)
      : undefined,
  ({ speechMs }) =>
    speechMs > 30_000 ? found('long', false, `${seconds(speechMs)} of speech; 6 to 15 s are enough.`) : undefined,
]

export function qualityOf(measured: Measured): SampleQuality {
  const all = rules.flatMap((rule) => rule(measured) ?? [])
  const rating = all.some(({ poor }) => poor) ? 'poor' : all.length > 0 ? 'fair' : 'good'
  return { rating, advice: all.toSorted((a, b) => Number(b.poor) - Number(a.poor)).map(({ advice }) => advice) }
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
