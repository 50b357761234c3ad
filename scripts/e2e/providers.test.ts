import { testDatabase } from '@loqui/db/testing'
import { openLoqui } from '@loqui/server/testing-loqui'
import { afterAll, test } from 'vitest'
import { killAtRandom } from '../prove/provider-chaos.ts'
import { outages, outlast } from '../prove/provider-outage.ts'
import { sleepThrough } from '../prove/provider-pause.ts'
import { openStage, type Stage, startProvider } from '../prove/provider-stage.ts'
import { createRandom } from '../prove/random.ts'

/** A Loqui and a fake for each of them, which are judged when they have come to rest, and not while another test ends. */
async function open(workers: number): Promise<Stage> {
  const { fake, env } = await startProvider()
  const database = await testDatabase({ sound: false })
  const loqui = await openLoqui(database, { workers, env })
  afterAll(async () => {
    await loqui.close()
    await fake.close()
  })
  return openStage(database, loqui, fake)
}

const [dropped, slept, killed] = await Promise.all([open(1), open(0), open(1)])

/** Short forms of what `npm run prove -- outage pause chaos` tries at full length. Most of each is waiting. */
const proofs: Readonly<Record<string, () => Promise<unknown>>> = {
  'a provider that is out is left alone meanwhile, and all is spoken afterwards': () =>
    outlast(dropped, { fault: outages['connections that are dropped'], jobs: 100, seconds: 15 }),
  'a worker that slept while another one finished its work changes nothing': () => sleepThrough(slept, 0),
  'servers and workers die while the provider fails: all ends, and nothing is paid twice': () =>
    killAtRandom(killed, { seconds: 15, random: createRandom(7) }),
}

test.concurrent.for(Object.entries(proofs))('%s', { timeout: 300_000 }, async ([, prove]) => {
  await prove()
})
