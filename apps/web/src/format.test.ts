import { describe, expect, test } from 'vitest'
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatDate,
  formatDay,
  formatLength,
  formatMoney,
  formatPitch,
  formatSpeed,
} from './format.ts'

describe('lengths', () => {
  test.each([
    [0, '0:00'],
    [7_400, '0:07'],
    [59_600, '1:00'],
    [754_000, '12:34'],
    [3_723_000, '1:02:03'],
    [-5, '0:00'],
  ])('%d ms is %s on a clock', (ms, text) => {
    expect(formatClock(ms)).toBe(text)
  })

  test.each([
    [0, '0 s'],
    [4_240, '4.2 s'],
    [9_000, '9 s'],
    [61_200, '1 min 1 s'],
    [600_000, '10 min'],
    [7_200_000, '2 h'],
    [72_000_000, '20 h'],
    [5_460_000, '1 h 31 min'],
    [1_000_000_000_000, '277,777 h'],
  ])('%d ms is %s in words', (ms, text) => {
    expect(formatLength(ms)).toBe(text)
  })
})

describe('dates', () => {
  const now = new Date('2026-11-21T12:00:00Z')

  test.each([
    ['2026-11-21T11:59:50Z', 'just now'],
    ['2026-11-21T12:00:09Z', 'just now'],
    ['2026-11-21T11:55:00Z', '5 min. ago'],
    ['2026-11-21T09:00:00Z', '3 hr. ago'],
    ['2026-11-20T12:00:00Z', 'yesterday'],
    ['2026-11-01T12:00:00Z', 'Nov 1'],
    ['2025-11-01T12:00:00Z', 'Nov 1, 2025'],
  ])('%s is %s', (iso, text) => {
    expect(formatAgo(iso, now)).toBe(text)
  })

  test('a date of another year carries it', () => {
    expect(formatDate('2027-02-03T12:00:00Z', now)).toBe('Feb 3, 2027')
  })
})

test('bytes are in decimal units', () => {
  expect([0, 999, 1_500, 100_000_000, 1_000_000_000_000].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.5 kB',
    '100 MB',
    '1 TB',
  ])
})

test('speed and pitch say their unit', () => {
  expect([formatSpeed(1), formatSpeed(0.25), formatPitch(0), formatPitch(3), formatPitch(-12)]).toEqual([
    '1×',
    '0.25×',
    '0 st',
    '+3 st',
    '−12 st',
  ])
})

test('a day is the same day wherever somebody looks at it', () => {
  expect(formatDay('2026-11-03')).toBe('Nov 3')
})

test.each([
  [0, '$0.00'],
  [1_250_000, '$1.25'],
  [40, '$0.00004'],
  [12_300, '$0.0123'],
  [1_234_567_000_000, '$1,234,567.00'],
])('%d millionths of a dollar are %s', (micros, text) => {
  expect(formatMoney(micros)).toBe(text)
})
