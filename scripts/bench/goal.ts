import type { Bench } from './bench.ts'
import type { Round } from './statistics.ts'

/** One line of the table. */
export interface Result {
  /** As in the list of goals, such as `P1`; with a word behind it where one goal is several figures. */
  readonly id: string
  readonly what: string
  /** Of the figures of both. */
  readonly unit: string
  readonly baseline: string
  /** What the ratio of ours to the baseline should be. */
  readonly goal: { readonly atLeast: number } | { readonly atMost: number }
  readonly rounds: readonly Round[]
  /** Whatever else was measured or found on the way. */
  readonly details?: object
}

/** What measures one goal, or several that need the same things running. */
export interface Measurement {
  readonly ids: readonly string[]
  run(bench: Bench, ids: readonly string[]): Promise<Result[]>
}
