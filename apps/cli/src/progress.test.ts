import { expect, test } from 'vitest'
import { bar } from './progress.ts'

test('the bar fills with the segments', () => {
  const at = (done: number) => bar({ state: 'running', segments: { done, total: 4 } })
  expect(at(0)).toBe(`${'░'.repeat(30)} 0 of 4`)
  expect(at(1)).toBe(`${'█'.repeat(8)}${'░'.repeat(22)} 1 of 4`)
  expect(at(4)).toBe(`${'█'.repeat(30)} 4 of 4`)
})

test('while it waits there is no bar', () => {
  expect(bar({ state: 'queued', segments: { done: 0, total: 4 } })).toBe('Waiting for its turn …')
})
