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

test('where something lies makes what lies there no slower to look through', () => {
  // With a path made for each, a hundred thousand times a megabyte: minutes.
  const wide = { ['a'.repeat(1_000_000)]: Array.from({ length: 100_000 }, () => 1) }
  expect(findBrokenText(wide)).toBeUndefined()
  let deep: unknown = half
  for (let depth = 0; depth < 2_000; depth++) deep = [deep]
  expect(findBrokenText(deep)).toBe(Array.from({ length: 2_000 }, () => '0').join('.'))
})
