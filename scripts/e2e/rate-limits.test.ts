import { startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'
import { proveRateLimits } from '../prove/rate-limits.ts'

const loqui = await startLoqui({ servers: 2, workers: 0 })

test('two servers together let in what the limit says, under any load', async () => {
  const options = { limits: [10, 100], loads: [1, 10], processes: [2], seconds: 12 }
  const cells = await proveRateLimits({ db: loqui.db, loqui }, options)
  expect(cells.map(({ violations }) => violations)).toEqual([[], [], [], []])
  // Else nothing was tried: under load some must have been refused, and beyond the first minute's worth some accepted.
  for (const { perMinute, load, sent, accepted } of cells) {
    if (load === 10) expect(sent).toBeGreaterThan(accepted)
    expect(accepted).toBeGreaterThan(perMinute)
  }
}, 40_000)
