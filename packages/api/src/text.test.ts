import { expect, test } from 'vitest'
import { findBrokenText } from './text.ts'

const [half, nul] = ['\ud83d', 'a\0b']

test('text that can be kept is found nowhere', () => {
  expect(findBrokenText({ title: 'Ada 😀', labels: { a: ['b', null, 1, undefined] } })).toBeUndefined()
  expect(findBrokenText(undefined)).toBeUndefined()
})

test('what cannot be kept is found by its path, and a name by that of what has it', () => {
  expect(findBrokenText(half)).toBe('input')
  expect(findBrokenText({ title: nul })).toBe('title')
  expect(findBrokenText({ items: [{ text: 'a' }, { text: half }] })).toBe('items.1.text')
  expect(findBrokenText({ labels: { [nul]: 'a' } })).toBe('labels')
  expect(findBrokenText({ [half]: 'a' })).toBe('input')
})

test('how deep something lies makes what lies there no slower to look through', () => {
  // With a path for each, these would be 200 million names.
  let value: unknown = Array.from({ length: 100_000 }, () => 1)
  for (let depth = 0; depth < 2_000; depth++) value = [value]
  expect(findBrokenText(value)).toBeUndefined()
})
