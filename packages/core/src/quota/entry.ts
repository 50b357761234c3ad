import type { QuotaEntryKind, QuotaEntryRow } from '@loqui/db/schema/quota'
import { wireId } from '../ids.ts'

/** A line of the ledger. Lines are never changed or removed. */
export interface QuotaEntry {
  /** `ent_…` */
  id: string
  /**
   * What it does with the period's milliseconds: `grant` is what the plan gives or, below 0, no longer gives; `adjust`
   * what an administrator added or took; `reserve` holds for a generation, `settle` charges it and releases the rest,
   * `release` releases all, `refund` gives back what was charged.
   */
  kind: QuotaEntryKind
  ms: number
  /** When the period began that it counts in. ISO 8601. */
  periodStart: string
  /** `gen_…`; `null` for grants and adjustments. */
  generationId: string | null
  /** `usr_…` of the administrator who adjusted or refunded; `null` for what happened by itself. */
  byUserId: string | null
  /** Why an administrator did it. */
  note: string | null
  /** ISO 8601. */
  createdAt: string
}

export function toQuotaEntry(row: QuotaEntryRow): QuotaEntry {
  return {
    id: wireId('entry', row.id),
    kind: row.kind,
    ms: row.ms,
    periodStart: row.period_start.toISOString(),
    generationId: row.generation_id === null ? null : wireId('generation', row.generation_id),
    byUserId: row.by_user_id === null ? null : wireId('user', row.by_user_id),
    note: row.note,
    createdAt: row.created_at.toISOString(),
  }
}
