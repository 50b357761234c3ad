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
