import { expect, test } from 'vitest'
import { proveLedger } from '../testing/ledger-model.ts'
import { testDatabase } from '../testing.ts'

const { db, owner } = await testDatabase()

// `npm run prove` does more of the same.
test('the ledger holds what plain arithmetic says, whatever happens in whatever order', {
  timeout: 120_000,
}, async () => {
  expect(await proveLedger({ runs: 40, commands: 30, db, owner })).toMatchObject({ runs: 40, violations: 0 })
})
