/** By how much speech is made louder or softer. */
export interface Gain {
  readonly factor: number
  /** Whether it would drive some of it beyond the ceiling, so that a limiter has to hold it there. */
  readonly limited: boolean
}

/** What a pass over the joined audio has found. */
export interface Measured {
  /** Integrated, in LUFS; `null` when there is nothing to be heard. */
  readonly loudness: number | null
  /** The largest sample, without its sign. */
  readonly peak: number
}

/** Makes joined audio louder or softer, chunk by chunk. Where the chunks are cut changes nothing in what comes out. */
export interface Amplifier {
  /** Takes the next samples and gives those that are ready; as many come out altogether as go in. */
  push(samples: Int16Array<ArrayBuffer>): Int16Array<ArrayBuffer>
  /** Gives the rest. */
  finish(): Int16Array<ArrayBuffer>
}

/** −1 dBFS: what lossy codecs and resamplers behind this may add to a peak has room above it. */
export const ceiling = Math.floor(32_768 * 10 ** (-1 / 20))

const closeEnoughLu = 0.1

/** The gain that brings what was measured to `loudness`. @returns `null` when there is nothing to bring anywhere. */
export function firstGain({ loudness: measured, peak }: Measured, loudness: number): Gain | null {
  if (measured === null) return null
  const factor = 10 ** ((loudness - measured) / 20)
  return { factor, limited: peak * factor > ceiling }
}

/**
 * A limiter takes some of the loudness with the peaks: gives that back, once it was measured what it left.
 *
 * @returns `null` when `gain` is right as it is
 */
export function nextGain(gain: Gain, { loudness: measured }: Measured, loudness: number): Gain | null {
  if (measured === null || Math.abs(loudness - measured) <= closeEnoughLu) return null
  return { factor: gain.factor * 10 ** ((loudness - measured) / 20), limited: true }
}

/** @param sampleRate in hertz */
export function createAmplifier(gain: Gain | null, sampleRate: number): Amplifier {
  if (gain === null) return { push: (samples) => samples, finish: () => new Int16Array() }
  if (gain.limited) return createLimiter(gain.factor, sampleRate)
  return {
    push: (samples) => samples.map((sample) => Math.round(sample * gain.factor)),
    finish: () => new Int16Array(),
  }
}

const lookaheadSeconds = 0.005
const releaseSeconds = 0.1

/**
 * A limiter with look-ahead: the gain falls over the 5 ms before a peak, and comes back over some 100 ms behind it, so that no
 * sample is cut off and none is above the ceiling.
 */
function createLimiter(factor: number, sampleRate: number): Amplifier {
  const lookahead = Math.round(lookaheadSeconds * sampleRate)
  const size = lookahead + 1
  const release = 1 - Math.exp(-1 / (releaseSeconds * sampleRate))
  // Rings of the last `size` samples: what comes in, and the gain each may have at most before it is smoothed.
  const waiting = new Float64Array(size)
  const gains = new Float64Array(size).fill(1)
  // The samples that may still be the least of the last `size`, by their position and what they allow.
  const positions = new Float64Array(size + 1)
  const allowed = new Float64Array(size + 1)
  let first = 0
  let last = 0
  let gain = 1
  let sum = size
  let position = 0

  /** Takes a sample, and gives the one that is `lookahead` before it. */
  const step = (sample: number): number => {
    const loud = Math.abs(sample)
    const allows = loud > ceiling ? ceiling / loud : 1
    while (last > first && (allowed[(last - 1) % (size + 1)] as number) >= allows) last--
    positions[last % (size + 1)] = position
    allowed[last % (size + 1)] = allows
    last++
    if ((positions[first % (size + 1)] as number) <= position - size) first++
    const least = allowed[first % (size + 1)] as number
    gain = least < gain ? least : gain + (least - gain) * release

    const slot = position % size
    sum += gain - (gains[slot] as number)
    gains[slot] = gain
    waiting[slot] = sample
    position++
    const limited = Math.round(((waiting[position % size] as number) * sum) / size)
    return Math.max(-ceiling, Math.min(ceiling, limited))
  }
  /** Leaves out what comes before the first sample. */
  const run = (samples: number, sampleAt: (n: number) => number): Int16Array<ArrayBuffer> => {
    const early = Math.min(samples, Math.max(0, lookahead - position))
    const output = new Int16Array(samples - early)
    for (let n = 0; n < samples; n++) {
      const ready = step(sampleAt(n))
      if (n >= early) output[n - early] = ready
    }
    return output
  }
  return {
    push: (samples) => run(samples.length, (n) => (samples[n] as number) * factor),
    finish: () => (position === 0 ? new Int16Array() : run(lookahead, () => 0)),
  }
}
