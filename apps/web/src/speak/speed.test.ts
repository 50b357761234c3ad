import { expect, test } from 'vitest'
import { speedScale, toPlace, toSpeed } from './speed.ts'

test('the ends and the middle are a quarter, the voice’s own and four times', () => {
  expect([speedScale.min, 0, speedScale.max].map(toSpeed)).toEqual([0.25, 1, 4])
})

test('every place is a speed that Loqui accepts, and none is slower than the one before', () => {
  let last = 0
  for (let place = speedScale.min; place <= speedScale.max; place += speedScale.step) {
    const speed = toSpeed(place)
    expect(speed).toBeGreaterThanOrEqual(Math.max(0.25, last))
    expect(speed).toBeLessThanOrEqual(4)
    last = speed
  }
})

test('a speed has its place', () => {
  for (const speed of [0.25, 0.5, 1, 1.25, 2, 4]) expect(toSpeed(toPlace(speed))).toBe(speed)
})
