import type { QuotaAccountRow } from '@loqui/db/schema/quota'

/** A period's audio: what is granted, and where it went. All in milliseconds. */
export interface QuotaBalance {
  /** ISO 8601; `end` is when the next period begins. */
  period: { start: string; end: string }
  /** What the plan gives, with what administrators added or took; never less than what is used and held. */
  grantedMs: number
  /** What administrators added, or with a minus took. */
  adjustedMs: number
  /** Charged for generations that succeeded. */
  usedMs: number
  /** Held for generations that wait or run. */
  reservedMs: number
  remainingMs: number
}

type BalanceRow = Pick<
  QuotaAccountRow,
  'period_start' | 'period_end' | 'granted_ms' | 'adjusted_ms' | 'used_ms' | 'reserved_ms'
>

export function toQuotaBalance(row: BalanceRow): QuotaBalance {
  return {
    period: { start: row.period_start.toISOString(), end: row.period_end.toISOString() },
    grantedMs: row.granted_ms,
    adjustedMs: row.adjusted_ms,
    usedMs: row.used_ms,
    reservedMs: row.reserved_ms,
    remainingMs: row.granted_ms - row.used_ms - row.reserved_ms,
  }
}
