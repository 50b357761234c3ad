import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createResampler, resampledLength } from './resample.ts'
import { speechLike } from './testing.ts'

const rates = [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]

test('however the input is cut into chunks, the output is the same and exactly as long as the ratio says', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...rates),
      fc.constantFrom(...rates),
      fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 12 }),
      (from, to, chunks) => {
        const input = speechLike(
          from,
          chunks.reduce((sum, length) => sum + length, 0),
        )
        const whole = createResampler(from, to, input.length).push(input)
        const resampler = createResampler(from, to, input.length)
        let offset = 0
        const parts = chunks.flatMap((length) => {
          const part = resampler.push(input.subarray(offset, offset + length))
          offset += length
          return [...part]
        })
        expect(parts).toEqual([...whole])
        expect(whole.length).toBe(Math.round((input.length * to) / from))
        expect(resampler.length).toBe(whole.length)
      },
    ),
  )
})

describe('a sine', () => {
  const seconds = 0.5
  test.for([
    { from: 16_000, frequency: 100 },
    { from: 16_000, frequency: 1000 },
    { from: 16_000, frequency: 3400 },
    { from: 16_000, frequency: 6500 },
    { from: 8000, frequency: 3000 },
    { from: 22_050, frequency: 8000 },
    { from: 44_100, frequency: 9000 },
    { from: 48_000, frequency: 9000 },
  ])('of $frequency Hz at $from Hz keeps its place and shape: noise 60 dB below', ({ from, frequency }) => {
    const output = resampleSine(from, frequency, seconds)
    expect(signalToNoise(output, frequency)).toBeGreaterThan(60)
  })

  test.for([
    { from: 44_100, frequency: 14_000 },
    { from: 48_000, frequency: 13_500 },
    { from: 48_000, frequency: 20_000 },
  ])('of $frequency Hz, which 24 kHz cannot hold, does not come back as another tone', ({ from, frequency }) => {
    const output = resampleSine(from, frequency, seconds)
    expect(20 * Math.log10(rms(middle(output)) / (10_000 / Math.SQRT2))).toBeLessThan(-60)
  })

  function resampleSine(from: number, frequency: number, length: number): Float32Array {
    const input = Int16Array.from({ length: from * length }, (_, n) =>
      Math.round(10_000 * Math.sin((2 * Math.PI * frequency * n) / from)),
    )
    return createResampler(from, 24_000, input.length).push(input)
  }

  function signalToNoise(output: Float32Array, frequency: number): number {
    const expected = output.map((_, n) => 10_000 * Math.sin((2 * Math.PI * frequency * n) / 24_000))
    const noise = output.map((sample, n) => sample - (expected[n] as number))
    return 20 * Math.log10(rms(middle(expected)) / rms(middle(noise)))
  }
})

test('what was constant stays constant', () => {
  const output = createResampler(22_050, 24_000, 5000).push(new Int16Array(5000).fill(12_345))
  for (const sample of middle(output)) expect(sample).toBeCloseTo(12_345, 1)
})

test('the same rate gives the number of samples it got', () => {
  expect(resampledLength(12_345, 24_000, 24_000)).toBe(12_345)
})

/** Without the ends, where the filter reaches into the silence before and after. */
function middle(samples: Float32Array): Float32Array {
  return samples.subarray(200, -200)
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)
}
