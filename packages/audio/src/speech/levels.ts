/** Short against any sound, long against a period of the deepest voice's first harmonics. In milliseconds. */
export const frameMs = 5

/** How loud speech is, frame by frame. */
export interface Levels {
  /** Mean square of each frame of {@link frameMs}, without a constant offset; of full scale. The last may be shorter. */
  readonly energies: Float64Array
  /** Samples of one frame. */
  readonly frameSamples: number
  /**
   * Mean square of what is loud: each frame counts by its own energy, so that silence counts for nothing, however much of it
   * there is, and a click for little. Some 2 dB below the vowels.
   */
  readonly loud: number
  /** How far from zero the farthest sample is, 0 to 32,768: with a constant offset. */
  readonly peak: number
}

/** @param sampleRate in hertz */
export function measureLevels(samples: Int16Array, sampleRate: number): Levels {
  const frameSamples = Math.max(1, Math.round((sampleRate * frameMs) / 1000))
  const energies = new Float64Array(Math.ceil(samples.length / frameSamples))
  const { mean: offset, peak } = overall(samples)
  let sum = 0
  let squares = 0
  for (let frame = 0; frame < energies.length; frame++) {
    const end = Math.min(samples.length, (frame + 1) * frameSamples)
    let energy = 0
    for (let at = frame * frameSamples; at < end; at++) {
      const sample = (samples[at] as number) - offset
      energy += sample * sample
    }
    energy /= (end - frame * frameSamples) * fullScale
    energies[frame] = energy
    sum += energy
    squares += energy * energy
  }
  return { energies, frameSamples, loud: sum === 0 ? 0 : squares / sum, peak }
}

const fullScale = 32_768 ** 2

function overall(samples: Int16Array): { mean: number; peak: number } {
  let sum = 0
  let most = 0
  let least = 0
  for (let at = 0; at < samples.length; at++) {
    const sample = samples[at] as number
    sum += sample
    if (sample > most) most = sample
    else if (sample < least) least = sample
  }
  return { mean: samples.length === 0 ? 0 : sum / samples.length, peak: Math.max(most, -least) }
}

/** @returns the factor of a mean square that so many decibels are. */
export const fromDecibels = (decibels: number): number => 10 ** (decibels / 10)
