import { AssertionError } from 'node:assert'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { Db } from '../client.ts'
import { newAccount } from './ledger.ts'
import { ledgerCommands, type RealLedger, setSignUp } from './ledger-commands.ts'
import { PlainLedger } from './plain-ledger.ts'

const planSeconds = 10

/**
 * Holds the ledger to plain arithmetic, whatever happens in whatever order: each run is an account of its own and a random
 * sequence of commands, after each of which all that the database holds of the account must be what the model says; and
 * after each run `report.violations()` must have nothing to tell that it had not told before.
 *
 * @param options.commands most in a run.
 * @param options.owner moves the day of sign-up, as no process does.
 * @param options.seed as an earlier report named it, to see the same again. Default: random.
 * @returns how many runs there were, of how many commands together, and violations: always 0.
 * @throws {Error} fast-check's report of the least sequence that it found to break the ledger, with its seed.
 */
export async function proveLedger({
  runs,
  commands,
  db,
  owner,
  seed,
}: {
  readonly runs: number
  readonly commands: number
  readonly db: Db
  readonly owner: Db
  readonly seed?: number
}): Promise<{ readonly runs: number; readonly commands: number; readonly violations: number }> {
  let ran = 0
  const told = new Set(await brokenPromises(db))
  const property = fc.asyncProperty(ledgerCommands(commands), async (sequence) => {
    const account = await newAccount(db, planSeconds)
    const signedUp = Date.now() - 1_000
    await setSignUp(owner, account, signedUp)
    const real: RealLedger = { db, owner, account, ran: 0 }
    const model = new PlainLedger(planSeconds * 1000, signedUp)
    const failure = await fc.asyncModelRun(() => ({ model, real }), sequence).catch((error: unknown) => error)
    ran += real.ran
    // What this sequence broke stays broken: it must not be held against the next one, which may be a shorter form of it.
    const news = (await brokenPromises(db)).filter((promise) => !told.has(promise))
    for (const promise of news) told.add(promise)
    if (failure !== undefined) throw failure
    if (news.length > 0) throw new AssertionError({ message: `report.violations(): ${news.join(', ')}` })
  })
  await fc.assert(property, { numRuns: runs, ...(seed !== undefined && { seed }) })
  return { runs, commands: ran, violations: 0 }
}

async function brokenPromises(db: Db): Promise<string[]> {
  const { rows } = await sql<{ invariant: number; subject: string }>`
    select invariant, subject from report.violations()
  `.execute(db)
  return rows.map(({ invariant, subject }) => `${invariant} of ${subject}`)
}
