import type { PlanRow } from '@loqui/db/schema/accounts'

/** What an account may use. */
export interface Plan {
  id: string
  name: string
  /** Seconds of audio in a period of one month. */
  secondsPerMonth: number
  requestsPerMinute: number
  /** Generations running at once. */
  concurrency: number
  storageBytes: number
  /** Longest text of one generation. */
  maxCharacters: number
}

export function toPlan(row: PlanRow): Plan {
  return {
    id: row.id,
    name: row.name,
    secondsPerMonth: row.seconds_per_month,
    requestsPerMinute: row.requests_per_minute,
    concurrency: row.concurrency,
    storageBytes: row.storage_bytes,
    maxCharacters: row.max_characters,
  }
}
