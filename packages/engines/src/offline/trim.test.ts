import { expect, test } from 'vitest'
import { trimSilence } from './trim.ts'

const tone = (length: number) => Int16Array.from({ length }, (_, index) => 8000 * Math.sin(index / 5))
const between = (before: number, sound: Int16Array, after: number) =>
  Int16Array.from([...new Int16Array(before), ...sound, ...new Int16Array(after)])

test('leaves 40 ms before the sound and 80 ms after it', () => {
  const trimmed = trimSilence(between(5000, tone(1600), 5000), 1)
  expect(trimmed.length).toBeGreaterThan(1600 + 640 + 1280 - 10)
  expect(trimmed.length).toBeLessThanOrEqual(1600 + 640 + 1280)
})

test('leaves more of slow speech', () => {
  expect(trimSilence(between(50_000, tone(1600), 50_000), 4).length).toBeGreaterThan(1600 + 4 * 1920 - 10)
})

test('leaves silence inside as it is', () => {
  const speech = between(0, Int16Array.from([...tone(1600), ...new Int16Array(16_000), ...tone(1600)]), 0)
  expect(trimSilence(speech, 1).length).toBeGreaterThan(19_000)
})

test('leaves what has no silence around it, and what is nothing but silence', () => {
  expect(trimSilence(tone(1600), 1)).toHaveLength(1600)
  expect(trimSilence(new Int16Array(100), 1)).toHaveLength(100)
  expect(trimSilence(new Int16Array(0), 1)).toHaveLength(0)
})
