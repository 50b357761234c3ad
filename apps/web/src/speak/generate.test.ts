import { expect, test } from 'vitest'
import { findMistake } from './generate.ts'

test.each(['', ' ', '\n\t '])('%j is nothing to speak', (text) => {
  expect(findMistake(text, 100)).toBe('Write something to be spoken first.')
})

test('a text may be as long as the plan allows, and no longer', () => {
  expect(findMistake('a'.repeat(1000), 1000)).toBeNull()
  expect(findMistake('a'.repeat(1001), 1000)).toBe('This text is 1 character longer than your plan allows.')
  expect(findMistake('a'.repeat(3000), 1000)).toBe('This text is 2,000 characters longer than your plan allows.')
})

test('while the plan is not known the server decides', () => {
  expect(findMistake('a'.repeat(1_000_000), undefined)).toBeNull()
})
