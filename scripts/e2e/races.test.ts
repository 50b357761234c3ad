import { startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'
import { openCourse, raceCancelAgainstEnd, raceForRefund, startBesideNoise } from '../prove/races.ts'

const loqui = await startLoqui({ servers: 2 })
const course = await openCourse(loqui.db, loqui)

test('twenty refunds of one generation at once make one', () => raceForRefund(course))

test('of a cancel and the end of a generation at the same moment one happens, and it is charged accordingly', async () => {
  const { canceled, succeeded } = await raceCancelAgainstEnd(course, 64, Math.random)
  expect(canceled).toBeGreaterThan(0)
  expect(succeeded).toBeGreaterThan(0)
}, 60_000)

/** What a worker runs at once. Its slots may all be taken when a guest comes, and be filled once more as it comes. */
const slots = 16

// How long that takes depends on what else a machine does: `npm run prove` looks at the clock.
test.each([[[1_000]], [[300, 300, 300]]])(
  'beside %j generations of others, one’s first is among the next to start',
  async (noise) => {
    for (const { letPass } of await startBesideNoise(course, noise, 3)) expect(letPass).toBeLessThanOrEqual(2 * slots)
  },
  90_000,
)
