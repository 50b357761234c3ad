import { expect, test } from 'vitest'
import { storm } from '../prove/storm.ts'

test('whatever breaks, each subscriber sees each event once and in order', async () => {
  const { broken, events, violations } = await storm({
    ...{ subscribers: 24, users: 6, seconds: 20, random: Math.random },
    log: () => undefined,
  })
  expect(violations).toEqual([])
  expect(events).toBeGreaterThan(0)
  expect(broken.cuts).toBeGreaterThan(0)
  expect(broken.servers).toBeGreaterThan(0)
}, 150_000)
