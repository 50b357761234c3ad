import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ceiling } from './gain.ts'
import { createLevel, createListening } from './level.ts'

const inLu = (gain: number) => 20 * Math.log10(gain)

test('speech that is about even is left as it is, and so is the first', () => {
  const level = createLevel()
  for (const loudness of [-20, -22, -18, -21.5, -19, -22.5])
    expect(level.next({ loudness: loudness, peak: 10_000 })).toBe(1)
})

test('what is much softer or louder than those before is brought to where speech is about even', () => {
  const level = createLevel()
  level.next({ loudness: -20, peak: 10_000 })
  expect(inLu(level.next({ loudness: -25, peak: 1000 }))).toBeCloseTo(2)
  const loud = createLevel()
  loud.next({ loudness: -20, peak: 10_000 })
  expect(inLu(loud.next({ loudness: -15, peak: 20_000 }))).toBeCloseTo(-2)
})

test('nothing is changed by more than 6 LU, or made louder than it can be', () => {
  const level = createLevel()
  level.next({ loudness: -20, peak: 10_000 })
  expect(inLu(level.next({ loudness: -50, peak: 100 }))).toBeCloseTo(6)
  const peaky = createLevel()
  peaky.next({ loudness: -20, peak: 10_000 })
  expect(peaky.next({ loudness: -30, peak: 28_000 })).toBeCloseTo(ceiling / 28_000)
  expect(peaky.next({ loudness: -30, peak: 32_767 })).toBe(1)
})

test('silence is left as it is, and changes nothing for those behind it', () => {
  const level = createLevel()
  expect(level.next({ loudness: null, peak: 0 })).toBe(1)
  level.next({ loudness: -20, peak: 10_000 })
  level.next({ loudness: null, peak: 0 })
  expect(level.next({ loudness: -21, peak: 10_000 })).toBe(1)
})

test('a voice that stays louder or softer becomes what is usual', () => {
  const level = createLevel()
  level.next({ loudness: -20, peak: 10_000 })
  const gains = Array.from({ length: 20 }, () => level.next({ loudness: -26, peak: 2000 }))
  expect(gains[0]).toBeGreaterThan(1)
  expect(gains.at(-1)).toBe(1)
})

test('of any pieces, none is turned the wrong way, and none beyond the ceiling', () => {
  const piece = fc.record({
    loudness: fc.double({ min: -70, max: 0, noNaN: true }),
    peak: fc.integer({ min: 1, max: 32_768 }),
  })
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1 }), (pieces) => {
      const level = createLevel()
      for (const { loudness, peak } of pieces) {
        const gain = level.next({ loudness: loudness, peak: peak })
        expect(Math.abs(inLu(gain))).toBeLessThanOrEqual(6.001)
        if (gain > 1) expect(peak * gain).toBeLessThanOrEqual(ceiling + 0.001)
      }
    }),
  )
})

const sampleRate = 8000
const tone = (amplitude: number, seconds = 1, offset = 0) =>
  Int16Array.from({ length: sampleRate * seconds }, (_, n) =>
    Math.round(offset + amplitude * Math.sin((2 * Math.PI * 200 * n) / sampleRate)),
  )
function hear(most: number, ...chunks: readonly Int16Array[]) {
  const listening = createListening(sampleRate, most)
  for (const chunk of chunks) listening.push(chunk)
  return listening.heard()
}
const all = Number.POSITIVE_INFINITY

test('half as loud is 6 dB less, however much silence is around it, and an offset is not heard', () => {
  const { loudness, peak } = hear(all, tone(8000))
  expect(peak).toBe(8000)
  // A sine is 3 dB below its peak.
  expect(loudness).toBeCloseTo(20 * Math.log10(8000 / 32_768) - 3.01, 1)
  expect(hear(all, tone(4000)).loudness).toBeCloseTo((loudness ?? 0) - 6.02, 1)
  expect(hear(all, tone(0, 3), tone(8000), tone(0, 5)).loudness).toBeCloseTo(loudness ?? 0, 1)
  expect(hear(all, tone(8000, 1, 2000)).loudness).toBeCloseTo(loudness ?? 0, 1)
})

test.each([48_000, 16_000])(
  'whole frames at full scale, of either sign, are heard as loud as they are at %s Hz',
  (rate) => {
    const listening = createListening(rate, all)
    listening.push(Int16Array.from({ length: rate }, (_, n) => (n % 2 === 0 ? -32_768 : 32_767)))
    const { loudness, peak } = listening.heard()
    expect(loudness ?? -Infinity).toBeCloseTo(0, 3)
    expect(peak).toBe(32_768)
  },
)

test('of silence there is nothing to tell, nor of nothing', () => {
  expect(hear(all)).toEqual({ loudness: null, peak: 0 })
  expect(hear(all, tone(0))).toEqual({ loudness: null, peak: 0 })
  expect(hear(all, tone(5)).loudness).toBeNull()
})

test('it is listened to as far as was said, wherever it is cut', () => {
  const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 3000 })
  fc.assert(
    fc.property(samples, fc.nat(3000), fc.nat(3000), (given, cut, most) => {
      const whole = Int16Array.from(given)
      const heard = hear(most, whole)
      expect(hear(most, whole.subarray(0, cut), whole.subarray(cut))).toEqual(heard)
      expect(hear(all, whole.subarray(0, most))).toEqual(heard)
    }),
  )
})
