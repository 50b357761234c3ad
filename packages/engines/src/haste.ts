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
