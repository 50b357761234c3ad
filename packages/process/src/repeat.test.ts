import { expect, test, vi } from 'vitest'
import { repeat } from './repeat.ts'

test('work begins at once and again and again, and goes on after it failed', async () => {
  const errors: unknown[] = []
  let times = 0
  const repeated = repeat(
    5,
    async () => {
      if (++times === 2) throw new Error('the second time')
    },
    (error) => errors.push(error),
  )
  expect(times).toBe(1)
  await vi.waitFor(() => expect(times).toBeGreaterThan(4))
  await repeated.stop()
  expect(errors).toEqual([new Error('the second time')])
})

test('work is never done twice at a time, and its end is aborted and waited for', async () => {
  let begun = 0
  let ended = false
  const errors: unknown[] = []
  const ticks = { count: 0 }
  const repeated = repeat(
    1,
    (signal) =>
      new Promise((_, reject) => {
        begun++
        signal.addEventListener('abort', () => {
          ended = true
          reject(signal.reason)
        })
      }),
    (error) => errors.push(error),
  )
  const ticking = setInterval(() => ticks.count++, 1)
  await vi.waitFor(() => expect(ticks.count).toBeGreaterThan(10))
  clearInterval(ticking)
  await repeated.stop()
  expect({ begun, ended, errors }).toEqual({ begun: 1, ended: true, errors: [] })
})
