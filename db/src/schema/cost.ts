import type { Generated } from 'kysely'

/** One run of a generation by one worker, and what it cost. */
export interface AttemptTable {
  token: string
  generation_id: string
  number: number
  outcome: Generated<'running' | 'succeeded' | 'failed' | 'canceled' | 'released' | 'lost'>
  predicted_cost_micros: number
  actual_cost_micros: Generated<number>
  started_at: Generated<Date>
  ended_at: Date | null
}

/** Sums of a day (UTC), by whom, with what and through which key. */
export interface UsageDayTable {
  user_id: string
  day: Date
  voice_id: string
  key_id: string | null
  engine: string
  generations: Generated<number>
  characters: Generated<number>
  /** Less what was refunded that day. */
  charged_ms: Generated<number>
  cost_micros: Generated<number>
}

/** What providers were paid in a month and may still ask for; under no user for the whole installation. */
export interface CostMonthTable {
  month: Date
  user_id: string | null
  spent_micros: Generated<number>
  held_micros: Generated<number>
}

/** Limits of a month; under no user for the whole installation. */
export interface BudgetTable {
  user_id: string | null
  alert_micros: number | null
  limit_micros: number | null
  alerted_month: Date | null
  updated_at: Generated<Date>
}
