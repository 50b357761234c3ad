import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ceiling, createAmplifier, firstGain, type Gain, nextGain } from './gain.ts'
import { speechLike } from './testing.ts'

function amplify(gain: Gain | null, samples: Int16Array<ArrayBuffer>, sampleRate = 24_000, chunk = samples.length) {
  const amplifier = createAmplifier(gain, sampleRate)
  const parts: number[] = []
  for (let start = 0; start < samples.length; start += chunk) {
    parts.push(...amplifier.push(samples.slice(start, start + chunk)))
  }
  parts.push(...amplifier.finish())
  return parts
}

test('without a gain nothing changes', () => {
  const speech = speechLike(24_000, 5000)
  expect(amplify(null, speech)).toEqual([...speech])
})

test('what has room above it is multiplied and nothing else', () => {
  const speech = speechLike(24_000, 5000)
  expect(amplify({ factor: 2, limited: false }, speech)).toEqual(Array.from(speech, (sample) => sample * 2))
})

test('nothing is ever above −1 dBFS, as many samples come out as go in, and cuts make no difference', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(8000, 24_000, 48_000),
      fc.double({ min: 0.5, max: 60, noNaN: true }),
      fc.int16Array({ maxLength: 2000 }),
      fc.integer({ min: 1, max: 500 }),
      (sampleRate, factor, samples, chunk) => {
        const limited = amplify({ factor, limited: true }, samples, sampleRate)
        expect(limited.length).toBe(samples.length)
        for (const sample of limited) expect(Math.abs(sample)).toBeLessThanOrEqual(ceiling)
        expect(amplify({ factor, limited: true }, samples, sampleRate, chunk)).toEqual(limited)
      },
    ),
  )
})

test('a peak is not cut off: what is around it falls and comes back with it', () => {
  const sine = Int16Array.from({ length: 24_000 }, (_, n) =>
    Math.round(3000 * Math.sin((2 * Math.PI * 440 * n) / 24_000)),
  )
  sine.set(
    sine.subarray(12_000, 12_240).map((sample) => sample * 10),
    12_000,
  )
  const limited = amplify({ factor: 3, limited: true }, sine)
  const ratios = limited.map((sample, n) => sample / (3 * (sine[n] as number)))
  const audible = ratios.filter((_, n) => Math.abs(sine[n] as number) > 500)
  // Far from it nothing changes; at it, the gain is what brings its crest to the ceiling; between two samples it hardly moves.
  expect(ratios[1000]).toBeCloseTo(1, 2)
  expect(Math.min(...audible)).toBeCloseTo(ceiling / 90_000, 2)
  expect(ratios[23_000]).toBeCloseTo(1, 1)
  const inside = limited.slice(12_000, 12_240)
  expect(inside.filter((sample) => Math.abs(sample) === ceiling).length).toBeLessThan(12)
})

test('the first gain is the difference of loudness, limited where a peak would go beyond −1 dBFS', () => {
  expect(firstGain({ loudness: -26, peak: 10_000 }, -20)).toEqual({ factor: 10 ** (6 / 20), limited: false })
  expect(firstGain({ loudness: -26, peak: 20_000 }, -20)).toEqual({ factor: 10 ** (6 / 20), limited: true })
  expect(firstGain({ loudness: null, peak: 0 }, -20)).toBeNull()
})

test('what a limiter took is given back, until it is a tenth', () => {
  const gain = { factor: 2, limited: true }
  expect(nextGain(gain, { loudness: -17, peak: ceiling }, -16)?.factor).toBeCloseTo(2 * 10 ** (1 / 20))
  expect(nextGain(gain, { loudness: -16.05, peak: ceiling }, -16)).toBeNull()
})
