import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { proveBounds } from '@loqui/engines/offline/testing'
import { describe, type Proof } from './proof.ts'

/** What is reserved for a text against what is spoken. */
export const bounds: Proof = {
  id: 'bounds',
  what: 'texts that sound longer than they look, in every voice, against what is reserved for them',
  async run({ quick, seed, log }) {
    const engine = createOfflineEngine({ threads: 2 })
    const voices = engine.voices.map(({ id }) => id)
    const times = (quick ? 20 : 500) * voices.length
    const what = 'speech against its reservation'
    try {
      const highest = await proveBounds(engine, { runs: times, seed, voices })
      log(`  ${what}: ${times} texts`)
      return [{ what, times, of: 'texts', violations: [], note: `${(100 * highest).toFixed(1)} % of it at most` }]
    } catch (error) {
      return [{ what, times, of: 'texts', violations: [describe(error)] }]
    } finally {
      await engine.close()
    }
  },
}
