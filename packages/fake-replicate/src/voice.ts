/** Of what the models make, in hertz. */
export const sampleRate = 24_000

/** Where the models stop, whatever is left of the text: 1000 tokens at 25 a second. */
const longestSeconds = 40

/** At which English is spoken. */
const charactersPerSecond = 15

/**
 * Noise in the shape of speech: syllables of a voice with a pitch of its own, pauses at marks, 15 characters a second or
 * up to 8 % more or less. The same text and seed sound the same, to the sample.
 */
export function speakNoise(text: string, seed: number): Int16Array {
  const random = createRandom(seed)
  const pitch = 95 + 130 * random()
  const seconds = (Math.max(4, text.length) / charactersPerSecond) * (0.92 + 0.16 * random())
  const samples = new Int16Array(Math.round(Math.min(longestSeconds, seconds) * sampleRate))
  const marks = text.replace(/[^.,;:!?…。、]+/gu, '').length / Math.max(1, text.length)
  const syllable = 0.22 * sampleRate
  let phase = 0
  let low = 0
  let breath = false
  for (let at = 0; at < samples.length; at++) {
    const within = (at % syllable) / syllable
    if (at > 0 && at % syllable < 1) breath = random() < marks * 3
    const envelope = breath ? 0.01 : Math.sin(Math.PI * within) ** 0.7
    phase += (pitch * (1 + 0.08 * Math.sin(at / (sampleRate * 0.31)))) / sampleRate
    const pulse = 1 - 2 * (phase % 1)
    // A pole near 1.5 kHz stands for a mouth.
    low += 0.32 * (0.8 * pulse + 0.35 * (2 * random() - 1) - low)
    samples[at] = Math.round(14_000 * envelope * low)
  }
  return samples
}

/**
 * What comes out now and then in place of speech: silence, or so much of it inside; speech cut off at full scale; a model that
 * runs on to where it has to stop; some words of many; speech and then babble.
 */
export const badSounds = ['silent', 'gap', 'clipped', 'truncated', 'short', 'long'] as const
export type BadSound = (typeof badSounds)[number]

/** @returns what it would be in place of these samples; the same where nothing is wrong. */
export function speakBadly(samples: Int16Array, sound: BadSound | null): Int16Array {
  switch (sound) {
    case null:
      return samples
    case 'silent':
      return samples.map((_, at) => at % 7)
    case 'gap': {
      const half = samples.length >> 1
      return Int16Array.from([
        ...samples.subarray(0, half),
        ...new Int16Array(4 * sampleRate),
        ...samples.subarray(half),
      ])
    }
    case 'clipped':
      return samples.map((sample) => Math.max(-32_768, Math.min(32_767, sample * 12)))
    case 'truncated':
      return endLoudly(repeat(samples, longestSeconds * sampleRate), samples)
    case 'short':
      return samples.slice(0, samples.length / 5)
    case 'long':
      // Not as far as where models stop.
      return repeat(
        samples,
        Math.min((longestSeconds - 1) * sampleRate, Math.round(2.05 * samples.length) + 2 * sampleRate),
      )
  }
}

const repeat = (samples: Int16Array, length: number): Int16Array =>
  Int16Array.from({ length }, (_, at) => samples[at % samples.length] ?? 0)

/** In the middle of the first syllable of `samples`. */
function endLoudly(speech: Int16Array, samples: Int16Array): Int16Array {
  const syllable = samples.subarray(0.05 * sampleRate, 0.15 * sampleRate)
  speech.set(syllable, speech.length - syllable.length)
  return speech
}

/** Mulberry32: small, quick, and the same everywhere. @returns numbers from 0 up to, not including, 1. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
