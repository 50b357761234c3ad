import { expect, test } from 'vitest'
import { speedPlaces, toPlace, toSpeed } from './speed.ts'

const places = Array.from({ length: speedPlaces.max - speedPlaces.min + 1 }, (_, index) => speedPlaces.min + index)

test('the ends and the middle are a quarter, the voice’s own pace and four times', () => {
  expect([speedPlaces.min, 0, speedPlaces.max].map(toSpeed)).toEqual([0.25, 1, 4])
})

test('every step is another, faster speed, so that no key press is lost', () => {
  const speeds = places.map(toSpeed)
  expect(speeds).toEqual([...new Set(speeds)].sort((a, b) => a - b))
})

test('a speed stands at its own place, one in between at the nearest', () => {
  for (const place of places) expect(toPlace(toSpeed(place))).toBe(place)
  expect(toSpeed(toPlace(1.34))).toBe(1.3)
})
