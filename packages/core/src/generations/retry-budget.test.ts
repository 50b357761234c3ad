import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRetryBudget } from './retry-budget.ts'

test('of few calls, a few may be made again', () => {
  const budget = createRetryBudget({ least: 3, now: () => 0 })
  for (let count = 0; count < 5; count++) budget.asked('a')
  expect([1, 2, 3, 4].map(() => budget.take('a'))).toEqual([true, true, true, false])
})

test('of an engine that seems to be out, fewer', () => {
  const budget = createRetryBudget({ now: () => 0 })
  expect([1, 2, 3].map(() => budget.take('a', true))).toEqual([true, true, false])
  expect(budget.take('a')).toBe(true)
})

test('of many calls a tenth may be made again, and of another engine’s as many', () => {
  const budget = createRetryBudget({ now: () => 0 })
  for (let count = 0; count < 500; count++) budget.asked('a')
  for (let count = 0; count < 50; count++) expect(budget.take('a')).toBe(true)
  expect(budget.take('a')).toBe(false)
  expect(budget.take('b')).toBe(true)
})

test('what was taken comes back when its window is over', () => {
  let now = 0
  const budget = createRetryBudget({ least: 1, windowMs: 1_000, now: () => now })
  expect([budget.take('a'), budget.take('a')]).toEqual([true, false])
  now = 899
  expect(budget.take('a')).toBe(false)
  now = 1_000
  expect(budget.take('a')).toBe(true)
})

test('whenever one is taken, the window has no more than its share of the calls, or the floor', () => {
  const steps = fc.array(
    fc.record({ passMs: fc.integer({ min: 0, max: 400 }), calls: fc.integer({ min: 0, max: 30 }) }),
  )
  fc.assert(
    fc.property(steps, (all) => {
      let now = 0
      const windowMs = 1_000
      const budget = createRetryBudget({ least: 2, windowMs, now: () => now })
      const calls: number[] = []
      const taken: number[] = []
      for (const step of all) {
        now += step.passMs
        for (let count = 0; count < step.calls; count++) {
          budget.asked('a')
          calls.push(now)
          if (!budget.take('a')) continue
          taken.push(now)
          const since = (ms: number) => (at: number) => at > now - ms
          const recent = taken.filter(since(0.9 * windowMs)).length
          expect(recent).toBeLessThanOrEqual(Math.max(2, calls.filter(since(windowMs)).length / 10))
        }
      }
    }),
  )
})
