import { expect, test } from 'vitest'
import { speakWithin } from './haste.ts'

/** Speech of so many samples at its own pace, which follows the stretch down to a floor. */
function speech(samples: number, floor = 0) {
  const tries: number[] = []
  const speak = (stretch: number) => {
    tries.push(stretch)
    return new Int16Array(Math.round(samples * Math.max(stretch, floor)))
  }
  return { tries, speak }
}

test('leaves what fits at the pace asked for', () => {
  const { tries, speak } = speech(1_000)
  expect(speakWithin(1_200, 1.2, speak)).toHaveLength(1_200)
  expect(tries).toEqual([1.2])
})

test('speaks again what does not fit, as fast as it must and no faster', () => {
  const { tries, speak } = speech(1_000)
  expect(speakWithin(500, 1, speak)).toHaveLength(485)
  expect(tries).toHaveLength(2)
})

test('tries twice where haste has its floor', () => {
  const { tries, speak } = speech(1_000, 0.6)
  expect(speakWithin(500, 1, speak)).toHaveLength(600)
  expect(tries).toHaveLength(3)
})
