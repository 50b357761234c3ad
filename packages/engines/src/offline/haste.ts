/** Of the length that speech may have, what a hastened try aims at: sounds last whole frames, and not quite what they are told to. */
const aim = 0.97
/** Speaking again takes as long as speaking; after two tries haste has its floor, or there is nothing to gain. */
const furtherTries = 2

/**
 * Speaks at the pace asked for, and when that is longer than it may be again at the pace that fits.
 *
 * @param speak its length goes with the stretch, down to where sounds cannot be any shorter.
 * @returns the last try, which in that case is longer still.
 */
export function speakWithin(mostSamples: number, stretch: number, speak: (stretch: number) => Int16Array): Int16Array {
  let hasty = stretch
  let samples = speak(hasty)
  for (let tries = 0; tries < furtherTries && samples.length > mostSamples; tries++) {
    hasty *= (aim * mostSamples) / samples.length
    samples = speak(hasty)
  }
  return samples
}

/** In hertz; of what engines may give, see `contract.ts`. */
const highestRate = 48_000

/**
 * The rate at which samples are no longer than they may be: their own, but for what cannot be spoken any faster, which is
 * then played so, and heard higher. `undefined` where that would not do either.
 */
export function rateWithin(maxMs: number, samples: number, sampleRate: number): number | undefined {
  // In steps of 100 Hz, as in `deliver`.
  const rate = Math.max(sampleRate, Math.ceil((samples * 10) / maxMs) * 100)
  return rate <= highestRate ? rate : undefined
}
