import type { Generated, JSONColumnType, Selectable } from 'kysely'

/** `rejected`: its audio came, and was not good enough. */
export type CallOutcome = 'succeeded' | 'rejected' | 'failed' | 'canceled' | 'aborted' | 'refused' | 'gone'

/** What a provider, or a server that costs, was asked for one segment. */
export interface ProviderCallTable {
  mark: string
  generation_id: string
  segment_index: number
  /** Which of the segment's calls it is, from 1 on. */
  number: number
  /** That announced it. */
  attempt: string
  /** The latest one that took it up after another had announced it. */
  adopted_by: string | null
  engine: string
  /** What was asked for; `null` once it has ended, and where it is open again after it was taken for refused. */
  request: JSONColumnType<object> | null
  provider_id: string | null
  outcome: CallOutcome | null
  cost_micros: Generated<number>
  ended_by: 'attempt' | 'sweep' | null
  announced_at: Generated<Date>
  accepted_at: Date | null
  ended_at: Date | null
}

/** How a worker sees an engine that is somewhere else. */
export interface EngineBreakerTable {
  engine: string
  process: string
  state: 'closed' | 'half_open' | 'open'
  seen_at: Generated<Date>
}

export type ProviderCallRow = Selectable<ProviderCallTable>
