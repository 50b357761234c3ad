import type { Generated, Selectable } from 'kysely'

export interface QuotaAccountTable {
  user_id: string
  period_start: Date
  period_end: Date
  granted_ms: Generated<number>
  used_ms: Generated<number>
  reserved_ms: Generated<number>
}

/** Append only: rights and a trigger refuse any change. */
export interface QuotaEntryTable {
  id: Generated<string>
  user_id: string
  period_start: Date
  generation_id: string | null
  kind: 'reserve' | 'settle' | 'release' | 'grant'
  ms: number
  attempt: string | null
  created_at: Generated<Date>
}

export type QuotaAccountRow = Selectable<QuotaAccountTable>
