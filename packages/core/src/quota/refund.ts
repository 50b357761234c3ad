import type { Trx } from '@loqui/db/client'
import type { QuotaEntryRow } from '@loqui/db/schema/quota'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
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
  { db, actor, hints }: Caller<'db' | 'actor' | 'hints'>,
  input: z.output<typeof refundInput>,
  call: Repeatable = {},
): Promise<QuotaEntry> {
  permitAdmin(actor)
  const told: string[] = []
  const entry = await transaction(db, (trx) => {
    const give = (by: string | null) => refund(trx, input, { by, told })
    if (actor.kind === 'system') return give(null)
    const { userId } = actor
    const keyId = actor.kind === 'key' ? actor.keyId : null
    const once = readRepeatable(call, 'admin.quota.refund', input, { userId, keyId })
    return idempotent(trx, userId, once, () => give(userId))
  })
  for (const userId of told) hints.hint('events', userId)
  return entry
}

/** @param told whose usage it changed is added to it. */
async function refund(
  trx: Trx,
  { generationId, note }: z.output<typeof refundInput>,
  { by, told }: { readonly by: string | null; readonly told: string[] },
): Promise<QuotaEntry> {
  // A composite that is null comes as a row of nulls.
  const { rows } = await sql<QuotaEntryRow | { id: null }>`
    select * from quota_refund(${generationId}, ${by}, ${note})
  `.execute(trx)
  const [entry] = rows
  if (entry && entry.id !== null) {
    await appendEvent(trx, entry.user_id, 'usage.changed')
    told.push(entry.user_id)
    return toQuotaEntry(entry)
  }
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
