export const sampleRate = 24_000

/** Numbers from −1 to 1 that are the same in every run: a linear congruential generator. */
function* chance(seed: number): Generator<number, never> {
  let state = seed >>> 0
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 31 - 1
  }
}

/** @param db below full scale, as the root of the mean square. */
export function noise(ms: number, db: number, seed = 1): Int16Array {
  const random = chance(seed)
  // What is spread evenly from −1 to 1 is 4.8 dB below 1.
  const factor = 32_768 * 10 ** ((db + 4.8) / 20)
  return Int16Array.from({ length: samplesOf(ms) }, () => Math.round(random.next().value * factor))
}

export const silence = (ms: number): Int16Array => new Int16Array(samplesOf(ms))

/** A voiced sound that comes and goes, as a syllable does. @param db of its middle, below full scale. */
export function vowel(ms: number, db = -14): Int16Array {
  const length = samplesOf(ms)
  const factor = 32_768 * Math.SQRT2 * 10 ** (db / 20)
  return Int16Array.from({ length }, (_, at) => {
    const swell = Math.min(1, at / samplesOf(15), (length - 1 - at) / samplesOf(15))
    const phase = (2 * Math.PI * 140 * at) / sampleRate
    return Math.round(factor * swell * (0.7 * Math.sin(phase) + 0.5 * Math.sin(3 * phase) + 0.4 * Math.sin(9 * phase)))
  })
}

export const join = (...parts: readonly Int16Array[]): Int16Array =>
  Int16Array.from(parts.flatMap((part) => Array.from(part)))

/** Four syllables with a closure before the last. */
export const word = (): Int16Array => join(vowel(180), vowel(140, -17), silence(90), vowel(200))

export const samplesOf = (ms: number): number => Math.round((ms * sampleRate) / 1000)
export const energyOf = (samples: Int16Array): number => samples.reduce((sum, sample) => sum + sample * sample, 0)
