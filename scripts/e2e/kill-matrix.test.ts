import { startLoqui } from '@loqui/server/testing'
import { afterAll, test } from 'vitest'
import { killPoints } from '../prove/kill-points.ts'
import { openLane } from '../prove/lane.ts'

/**
 * Most of a kill is waiting for the queue to miss a heartbeat: several are tried side by side, as many as vitest runs. On
 * a machine that is busy with other tests convergence takes its time; `npm run prove` holds it to 15 s.
 */
const free = await Promise.all(
  Array.from({ length: 5 }, async () => {
    const loqui = await startLoqui({ workers: 0 })
    return openLane(loqui, loqui, { convergenceMs: 60_000 })
  }),
)
const lanes = [...free]
afterAll(async () => {
  for (const lane of lanes) await lane[Symbol.asyncDispose]()
})

const points = killPoints.filter(({ inSuite }) => inSuite)

test.concurrent.for(points)('killed at “$name”', { timeout: 120_000 }, async (point) => {
  const lane = free.pop()
  if (!lane) throw new Error('no lane is left: one that a test failed on is not used again')
  await point.run(lane)
  free.push(lane)
})
