import { expect, test } from 'vitest'
import { speechBar, tellWaits, uploadBar } from './progress.ts'

test('the bar fills with the segments', () => {
  const at = (done: number) => speechBar({ state: 'running', waitsFor: null, segments: { done, total: 4, cached: 0 } })
  expect(at(0)).toBe(`${'░'.repeat(30)} 0 of 4`)
  expect(at(1)).toBe(`${'█'.repeat(8)}${'░'.repeat(22)} 1 of 4`)
  expect(at(4)).toBe(`${'█'.repeat(30)} 4 of 4`)
})

test('while it waits for its turn there is no bar', () => {
  expect(speechBar({ state: 'queued', waitsFor: null, segments: { done: 0, total: 4, cached: 0 } })).toBe(
    'Waiting for its turn …',
  )
})

test('while it waits for its engine the bar stands, and says so', () => {
  const status = { state: 'running', waitsFor: 'engine_degraded', segments: { done: 4, total: 8, cached: 0 } } as const
  expect(speechBar(status)).toBe(`${'█'.repeat(15)}${'░'.repeat(15)} 4 of 8, waiting for its engine …`)
})

test('a wait for the engine is told once, and again when it begins again', () => {
  const told: string[] = []
  const tell = tellWaits((line) => told.push(line))
  for (const waitsFor of [null, 'engine_degraded', 'engine_degraded', null, 'engine_degraded'] as const)
    tell({ waitsFor })
  expect(told).toHaveLength(2)
  expect(told[0]).toContain('engine does not work')
})

test('the bar of an upload fills with what has gone, then says what is going on', () => {
  expect(uploadBar({ sentBytes: 500_000, totalBytes: 2_000_000 })).toBe(
    `${'█'.repeat(8)}${'░'.repeat(22)} 0.5 MB of 2.0 MB`,
  )
  expect(uploadBar({ sentBytes: 2_000_000, totalBytes: 2_000_000 })).toBe('Listening to it …')
  expect(uploadBar({ sentBytes: 1_250_000, totalBytes: null })).toBe('1.3 MB sent')
})
