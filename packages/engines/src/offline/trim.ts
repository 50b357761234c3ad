/** Quieter than this against the loudest sample is silence: −40 dB. */
const threshold = 0.01
/** Kept before and after the sound, in samples at 16 kHz: a soft consonant is quieter than the threshold. */
const before = 640
const after = 1280

/**
 * Takes away the silence that Flite puts around an utterance, 0.1 to 0.3 s on each side: the pauses are the caller's.
 *
 * @param stretch what sounds are lengthened by, soft consonants among them.
 */
export function trimSilence(samples: Int16Array<ArrayBuffer>, stretch: number): Int16Array<ArrayBuffer> {
  let peak = 0
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample))
  const isSound = (sample: number) => Math.abs(sample) > peak * threshold
  const first = samples.findIndex(isSound)
  if (first === -1) return samples
  const start = Math.round(first - before * stretch)
  const end = Math.round(samples.findLastIndex(isSound) + 1 + after * stretch)
  return samples.subarray(Math.max(0, start), end)
}
