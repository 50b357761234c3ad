import { expect, test } from 'vitest'
import { speechBar, uploadBar } from './progress.ts'

test('the bar fills with the segments', () => {
  const at = (done: number) => speechBar({ state: 'running', segments: { done, total: 4, cached: 0 } })
  expect(at(0)).toBe(`${'░'.repeat(30)} 0 of 4`)
  expect(at(1)).toBe(`${'█'.repeat(8)}${'░'.repeat(22)} 1 of 4`)
  expect(at(4)).toBe(`${'█'.repeat(30)} 4 of 4`)
})

test('while it waits there is no bar', () => {
  expect(speechBar({ state: 'queued', segments: { done: 0, total: 4, cached: 0 } })).toBe('Waiting for its turn …')
})

test('the bar of an upload fills with what has gone, then says what is going on', () => {
  expect(uploadBar({ sentBytes: 500_000, totalBytes: 2_000_000 })).toBe(
    `${'█'.repeat(8)}${'░'.repeat(22)} 0.5 MB of 2.0 MB`,
  )
  expect(uploadBar({ sentBytes: 2_000_000, totalBytes: 2_000_000 })).toBe('Listening to it …')
  expect(uploadBar({ sentBytes: 1_250_000, totalBytes: null })).toBe('1.3 MB sent')
})
