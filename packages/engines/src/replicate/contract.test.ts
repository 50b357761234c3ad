import { startFakeReplicate } from '@loqui/fake-replicate/server'
import { afterAll } from 'vitest'
import { engineContract } from '../contract.ts'
import { replicateModels } from './models.ts'
import { openEngines } from './testing.ts'

const fake = await startFakeReplicate({ createsPerMinute: 100_000, othersPerMinute: 1_000_000 })
afterAll(() => fake.close())

for (const { id, title } of replicateModels) {
  engineContract(`${title} on Replicate`, () => {
    const engine = openEngines(fake).find((each) => each.id === id)
    if (!engine) throw new Error(`there is no ${id}`)
    return engine
  })
}
