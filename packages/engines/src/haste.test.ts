import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rateWithin } from './haste.ts'

test('plays faster what cannot be spoken any faster', () => {
  expect(rateWithin(1_000, 16_000, 16_000)).toBe(16_000)
  expect(rateWithin(1_000, 16_001, 16_000)).toBe(16_100)
  expect(rateWithin(1_000, 48_000, 16_000)).toBe(48_000)
  expect(rateWithin(1_000, 48_001, 16_000)).toBeUndefined()
})

test('never answers a rate at which samples are longer than they may be', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60_000 }), fc.nat(1_000_000), (maxMs, samples) => {
      const rate = rateWithin(maxMs, samples, 16_000)
      if (rate === undefined) expect((samples / 48_000) * 1_000).toBeGreaterThan(maxMs)
      else expect((samples * 1_000) / rate).toBeLessThanOrEqual(maxMs)
    }),
  )
})
