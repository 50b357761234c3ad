import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Allowance } from './allowance.ts'
import { createLocalRates } from './local.ts'

const allowance = (key: string, perMinute: number): Allowance => ({ policy: 'requests', key, perMinute })

/** Rates by a clock of the test's. */
function ratesAt(most = 100) {
  let now = 0
  const rates = createLocalRates(most, () => now)
  return {
    ...rates,
    wait(ms: number) {
      now += ms
    },
  }
}

test.each([1, 7, 10, 600, 999, 1_000_000])('of %i a minute all may be used at once, and no more', (perMinute) => {
  const rates = ratesAt()
  const one = [allowance('me', perMinute)]
  const tries = Math.min(perMinute, 10_000)
  for (let used = 1; used <= tries; used++) {
    expect(rates.take(one)).toMatchObject({ allowed: true, states: [{ remaining: perMinute - used }] })
  }
  if (tries < perMinute) return
  const refused = rates.take(one)
  expect(refused).toMatchObject({ allowed: false, states: [{ remaining: 0 }] })
  expect(refused.states[0]?.waitMs).toBeCloseTo(60_000 / perMinute, 5)
})

test('what is said of the wait is true: before it one is refused, after it one is let in', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 1_000 }),
    fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 60 }),
    (perMinute, pauses) => {
      const rates = ratesAt()
      const one = [allowance('me', perMinute)]
      for (const pause of pauses) {
        rates.wait(pause)
        const { allowed, states } = rates.take(one)
        if (allowed) continue
        const waitMs = states[0]?.waitMs ?? 0
        rates.wait(waitMs - 0.01)
        expect(rates.take(one).allowed).toBe(waitMs <= 0.01)
        rates.wait(0.02)
        expect(rates.take(one).allowed).toBe(true)
      }
    },
  )
  fc.assert(property)
})

test('however it is used, no time has more than what was there and what grew in it', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 300 }),
    fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 200 }),
    (perMinute, pauses) => {
      const rates = ratesAt()
      let now = 0
      const accepted: number[] = []
      for (const pause of pauses) {
        rates.wait(pause)
        now += pause
        if (rates.take([allowance('me', perMinute)]).allowed) accepted.push(now)
      }
      for (const [first, from] of accepted.entries()) {
        for (const [last, to] of accepted.entries()) {
          if (last < first) continue
          expect(last - first + 1).toBeLessThanOrEqual(perMinute + ((to - from) * perMinute) / 60_000 + 1e-6)
        }
      }
    },
  )
  fc.assert(property)
})

test('two allowances are taken from together or not at all', () => {
  const rates = ratesAt()
  const [narrow, wide] = [allowance('key', 2), allowance('user', 5)]
  expect(rates.take([narrow, wide])).toMatchObject({ allowed: true, states: [{ remaining: 1 }, { remaining: 4 }] })
  rates.take([narrow, wide])
  for (let refused = 0; refused < 3; refused++) {
    expect(rates.take([narrow, wide])).toMatchObject({ allowed: false, states: [{ remaining: 0 }, null] })
  }
  for (let left = 2; left >= 0; left--) {
    expect(rates.take([wide])).toMatchObject({ allowed: true, states: [{ remaining: left }] })
  }
  rates.wait(30_000)
  expect(rates.take([narrow, wide])).toMatchObject({ allowed: true, states: [{ remaining: 0 }, { remaining: 1 }] })
})

test('what is given back may be used again', () => {
  const rates = ratesAt()
  const one = allowance('me', 3)
  for (let used = 0; used < 3; used++) rates.take([one])
  expect(rates.take([one]).allowed).toBe(false)
  rates.giveBack(one)
  expect([rates.take([one]).allowed, rates.take([one]).allowed]).toEqual([true, false])
})

test('of more keys than it holds it forgets the one not seen for longest', () => {
  const rates = ratesAt(2)
  const take = (key: string) => rates.take([allowance(key, 1)]).allowed
  expect([take('a'), take('b'), take('a'), take('c'), take('a'), take('b')]).toEqual([
    true,
    true,
    false,
    true,
    false,
    true,
  ])
})
