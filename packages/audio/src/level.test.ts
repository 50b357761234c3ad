import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ceiling } from './gain.ts'
import { createLevel } from './level.ts'

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
