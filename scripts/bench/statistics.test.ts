import { expect, test } from 'vitest'
import { quantile, ratio, spread } from './statistics.ts'

test('the median of an even number of values lies between the two in the middle', () => {
  expect(spread([40, 10, 30, 20])).toEqual({ median: 25, least: 10, most: 40 })
  expect(spread([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 })
  expect(spread([7])).toEqual({ median: 7, least: 7, most: 7 })
})

test('values are sorted as numbers and left as they were', () => {
  const values = [100, 9, 20]
  expect(spread(values)).toEqual({ median: 20, least: 9, most: 100 })
  expect(values).toEqual([100, 9, 20])
})

test('a quantile between two values is as far between them as its rank is', () => {
  const values = Array.from({ length: 101 }, (_, index) => index * 2)
  expect(quantile(values, 0.99)).toBe(198)
  expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9)
})

test('nothing measured has no quantile', () => {
  expect(() => quantile([], 0.5)).toThrow(RangeError)
})

test('the ratio is that of the rounds, not that of their medians', () => {
  // A machine that was ten times slower in the second round says nothing about the ratio.
  const rounds = [
    { ours: 500, baseline: 1000 },
    { ours: 50, baseline: 100 },
    { ours: 600, baseline: 1000 },
  ]
  expect(ratio(rounds)).toEqual({ median: 0.5, least: 0.5, most: 0.6 })
})
