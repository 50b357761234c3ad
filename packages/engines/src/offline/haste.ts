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
export function speakWithin(
  mostSamples: number,
  stretch: number,
  speak: (stretch: number) => Int16Array<ArrayBuffer>,
): Int16Array<ArrayBuffer> {
  let hasty = stretch
  let samples = speak(hasty)
  for (let tries = 0; tries < furtherTries && samples.length > mostSamples; tries++) {
    hasty *= (aim * mostSamples) / samples.length
    samples = speak(hasty)
  }
  return samples
}
