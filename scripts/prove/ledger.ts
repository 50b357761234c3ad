import { proveLedger } from '@loqui/db/testing/ledger-model'
import { describe, type Proof } from './proof.ts'

/** The ledger against plain arithmetic, whatever happens in whatever order. */
export const ledger: Proof = {
  id: 'ledger',
  what: 'random sequences of everything that touches the ledger, against a model that knows no SQL',
  async run({ quick, seed, database, log }) {
    const { db, owner } = await database()
    const runs = quick ? 50 : 1_000
    const what = 'ledger against its model'
    try {
      const done = await proveLedger({ runs, commands: 50, db, owner, seed })
      log(`  ${what}: ${done.runs} sequences of ${done.commands} commands together`)
      return [{ what, times: done.runs, of: 'sequences', violations: [], note: `${done.commands} commands` }]
    } catch (error) {
      return [{ what, times: runs, of: 'sequences', violations: [describe(error)] }]
    }
  },
}
