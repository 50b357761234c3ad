import { inspect } from 'node:util'
import type { LoquiOptions, LoquiProcesses } from '@loqui/server/testing-loqui'
import type { Database } from '../databases.ts'

/** One line of the table: what was tried, how often, and what was broken by it. */
export interface Tried {
  readonly what: string
  readonly times: number
  /** Of what there were so many. */
  readonly of: string
  readonly violations: readonly string[]
  /** Whatever else was seen. */
  readonly note?: string
}

/** What proofs run on. */
export interface Prove {
  /** Short forms of everything, for a look. */
  readonly quick: boolean
  /** Everything random follows from it. */
  readonly seed: number
  /** At each point. */
  readonly kills: number
  /** Kills tried side by side, each in a database and with processes of its own. */
  readonly lanes: number
  /** What a kill must have converged in. */
  readonly convergenceMs: number
  /** A migrated, empty database. */
  database(): Promise<Database>
  /** Real processes on a database. */
  loqui(database: Database, options?: LoquiOptions): Promise<LoquiProcesses>
  readonly log: (line: string) => void
}

export interface Proof {
  /** What it is called on the command line. */
  readonly id: string
  readonly what: string
  run(prove: Prove): Promise<Tried[]>
}

/**
 * Tries something several times, one after the other. What it throws is a violation, and not the end.
 *
 * @param run answers what is worth a note.
 */
export async function tryOften(
  { log }: Pick<Prove, 'log'>,
  { what, times, of }: Pick<Tried, 'what' | 'times' | 'of'>,
  run: (time: number) => Promise<string | undefined>,
): Promise<Tried> {
  const violations: string[] = []
  const notes = new Set<string>()
  for (let time = 0; time < times; time++) {
    try {
      const note = await run(time)
      if (note !== undefined) notes.add(note)
    } catch (error) {
      violations.push(describe(error))
      log(`  violation: ${what}: ${describe(error)}`)
    }
  }
  log(`  ${what}: ${times} ${of}, ${violations.length} violations`)
  return { what, times, of, violations, ...(notes.size > 0 && { note: [...notes].join('; ') }) }
}

export const describe = (error: unknown): string => (error instanceof Error ? inspect(error) : String(error))
