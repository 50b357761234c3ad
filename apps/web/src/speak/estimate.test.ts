import type { Estimate } from '@loqui/sdk'
import { expect, test } from 'vitest'
import { describeEstimate } from './estimate.ts'

const estimate = (estimatedMs: number, reservedMs: number) => ({ estimatedMs, reservedMs }) as Estimate

test.each([
  [
    'what fits says its length and what is left after it',
    72_400,
    110_000,
    600_000,
    'About 1 min 12 s, then 8 min 48 s left',
    true,
  ],
  ['what fits to the millisecond fits', 5_000, 10_000, 10_000, 'About 5 s, then 5 s left', true],
  ['what may be a millisecond too long does not', 5_000, 10_001, 10_000, 'Needs up to 10 s, 10 s left', false],
  ['what is too long says how long it may be', 72_000, 110_400, 30_000, 'Needs up to 1 min 50 s, 30 s left', false],
  ['the shortest is a second', 90, 300, 10_000, 'About 1 s, then 10 s left', true],
] as const)('%s', (_, estimatedMs, reservedMs, remainingMs, sentence, fits) => {
  expect(describeEstimate(estimate(estimatedMs, reservedMs), { remainingMs })).toEqual({ sentence, fits })
})

test('the length is said while what is left is not known', () => {
  expect(describeEstimate(estimate(5_000, 10_000), undefined)).toEqual({ sentence: 'About 5 s', fits: true })
})
