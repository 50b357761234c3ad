import type { Generated, Selectable } from 'kysely'

export interface QuotaAccountTable {
  user_id: string
  period_start: Date
  period_end: Date
  granted_ms: Generated<number>
  used_ms: Generated<number>
  reserved_ms: Generated<number>
  /** What administrators added or took; part of `granted_ms`. */
  adjusted_ms: Generated<number>
  /** The turn of the user's latest generation on the queue. */
  last_turn: Generated<number>
}

export type QuotaEntryKind = 'reserve' | 'settle' | 'release' | 'grant' | 'adjust' | 'refund'

/** Append only: rights and a trigger refuse any change. Both tables are written by `functions/quota.sql` alone. */
export interface QuotaEntryTable {
  id: Generated<string>
  user_id: string
  period_start: Date
  generation_id: string | null
  kind: QuotaEntryKind
  ms: number
  attempt: string | null
  created_at: Generated<Date>
  /** The administrator who adjusted or refunded, and why. */
  by_user_id: string | null
  note: string | null
}

export type QuotaAccountRow = Selectable<QuotaAccountTable>
export type QuotaEntryRow = Selectable<QuotaEntryTable>
