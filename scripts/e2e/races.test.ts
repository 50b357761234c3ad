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

// On a machine that is busy with other tests; `npm run prove` holds it to 2 s. Without turns it would be a quarter of a minute.
test.each([[[1_000]], [[300, 300, 300]]])(
  'beside %j generations of others, one’s first starts soon',
  async (noise) => {
    const waits = await startBesideNoise(course, noise, 3)
    expect(Math.max(...waits)).toBeLessThan(5_000)
  },
  90_000,
)
