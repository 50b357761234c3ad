import type { Trx } from '@loqui/db/client'
import type { QuotaEntryRow } from '@loqui/db/schema/quota'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { idempotent } from '../idempotency/idempotent.ts'
import { type Repeatable, readRepeatable } from '../idempotency/repeatable.ts'
import { idSchema } from '../ids.ts'
import { noteSchema } from './adjust.ts'
import { type QuotaEntry, toQuotaEntry } from './entry.ts'

export const refundInput = z.strictObject({
  generationId: idSchema('generation'),
  /** Why: it stands in the ledger for good. */
  note: noteSchema,
})

/**
 * Gives back what a generation was charged, once, in the period that charged it. Its audio stays.
 *
 * @throws {Refusal} `generation_not_found`, `refund_not_possible`, `forbidden`, `scope_missing`,
 * `idempotency_key_reused`, `idempotency_in_flight`.
 */
export async function refundGeneration(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof refundInput>,
  call: Repeatable = {},
): Promise<QuotaEntry> {
  permitAdmin(actor)
  if (actor.kind === 'system') return transaction(db, (trx) => refund(trx, input, null))
  const { userId } = actor
  const keyId = actor.kind === 'key' ? actor.keyId : null
  const once = readRepeatable(call, 'admin.quota.refund', input, { userId, keyId })
  return transaction(db, (trx) => idempotent(trx, userId, once, () => refund(trx, input, userId)))
}

async function refund(
  trx: Trx,
  { generationId, note }: z.output<typeof refundInput>,
  by: string | null,
): Promise<QuotaEntry> {
  // A composite that is null comes as a row of nulls.
  const { rows } = await sql<QuotaEntryRow | { id: null }>`
    select * from quota_refund(${generationId}, ${by}, ${note})
  `.execute(trx)
  const [entry] = rows
  if (entry && entry.id !== null) return toQuotaEntry(entry)
  const generation = await trx
    .selectFrom('generation')
    .select('charged_ms')
    .where('id', '=', generationId)
    .executeTakeFirst()
  if (!generation) throw new Refusal('generation_not_found', 'generationId: there is no such generation.')
  throw new Refusal('refund_not_possible', `generationId: this generation ${whyNot(generation.charged_ms)}.`)
}

function whyNot(chargedMs: number | null): string {
  if (chargedMs === null) return 'has not ended yet. Cancel it, and it costs nothing'
  return chargedMs === 0 ? 'was charged nothing' : 'was refunded already'
}
