import { createResampler } from './resample.ts'

/** The speech of one piece on its way into the joined audio. */
export interface Speech {
  /** Takes the next samples and gives what they become at the joined audio's rate; the last of them also gives the rest. */
  push(samples: Int16Array): Int16Array<ArrayBuffer>
}

// Too short to be heard as a fade, long enough that speech cut in the middle of a sound does not click.
const fadeSeconds = 0.005

/**
 * Resamples the speech of one piece on its own, and fades its first and last 5 ms.
 *
 * @param from its rate in hertz
 * @param to the rate of what it is joined into
 * @param samples number of samples that will be pushed altogether
 */
export function createSpeech(from: number, to: number, samples: number): Speech {
  const fadeSamples = Math.round(fadeSeconds * to)
  if (from === to) {
    const fade = createFade(samples, fadeSamples)
    return { push: (input) => fade(Float32Array.from(input)) }
  }
  const resampler = createResampler(from, to, samples)
  const fade = createFade(resampler.length, fadeSamples)
  return { push: (input) => fade(resampler.push(input)) }
}

function createFade(length: number, fadeSamples: number): (chunk: Float32Array) => Int16Array<ArrayBuffer> {
  const faded = Math.min(fadeSamples, Math.floor(length / 2))
  let position = 0
  return (chunk) => {
    const output = new Int16Array(chunk.length)
    for (const [index, sample] of chunk.entries()) {
      const fromEdge = Math.min(position, length - 1 - position)
      const gain = fromEdge < faded ? 0.5 - 0.5 * Math.cos((Math.PI * (fromEdge + 0.5)) / faded) : 1
      output[index] = Math.max(-32_768, Math.min(32_767, Math.round(sample * gain)))
      position++
    }
    return output
  }
}
