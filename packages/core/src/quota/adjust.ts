import type { Trx } from '@loqui/db/client'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { accountExists, userNotFound } from '../accounts/queries.ts'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
import { idempotent } from '../idempotency/idempotent.ts'
import { type Repeatable, readRepeatable } from '../idempotency/repeatable.ts'
import { idSchema } from '../ids.ts'
import { type QuotaBalance, toQuotaBalance } from './balance.ts'
import { type QuotaEntry, toQuotaEntry } from './entry.ts'

/** Some thirty years of audio. */
const mostMs = 1_000_000_000_000

export const noteSchema = z.string().trim().min(1).max(500)

export const adjustQuotaInput = z.strictObject({
  userId: idSchema('user'),
  /** Added to what is left of the running period, or with a minus taken from it. */
  ms: z
    .number()
    .int()
    .min(-mostMs)
    .max(mostMs)
    .refine((ms) => ms !== 0, 'must not be 0'),
  /** Why: it stands in the ledger for good. */
  note: noteSchema,
})

/** What an adjustment made of the account. */
export interface QuotaAdjustment {
  account: QuotaBalance
  entry: QuotaEntry
}

/**
 * Adds to what an account has left in its running period, or takes from it; the next period begins with the plan's own
 * again.
 *
 * @throws {Refusal} `user_not_found`, `forbidden`, `scope_missing`, `invalid_input` for taking more than is left,
 * `idempotency_key_reused`, `idempotency_in_flight`.
 */
export async function adjustQuota(
  { db, actor, hints }: Caller<'db' | 'actor' | 'hints'>,
  input: z.output<typeof adjustQuotaInput>,
  call: Repeatable = {},
): Promise<QuotaAdjustment> {
  permitAdmin(actor)
  const made = await transaction(db, (trx) => {
    if (actor.kind === 'system') return adjust(trx, input, null)
    const { userId } = actor
    const keyId = actor.kind === 'key' ? actor.keyId : null
    const once = readRepeatable(call, 'admin.quota.adjust', input, { userId, keyId })
    return idempotent(trx, userId, once, () => adjust(trx, input, userId))
  })
  hints.hint('events', input.userId)
  return made
}

async function adjust(
  trx: Trx,
  { userId, ms, note }: z.output<typeof adjustQuotaInput>,
  by: string | null,
): Promise<QuotaAdjustment> {
  if (!(await accountExists(trx, userId))) throw userNotFound('userId')
  const most = Number.MAX_SAFE_INTEGER
  const { rows } = await sql<{ id: string | null; left_ms: number; is_countable: boolean }>`
    select (entry).id, least(${most}, (account).granted_ms - (account).used_ms - (account).reserved_ms) as left_ms,
      (account).granted_ms <= ${most} as is_countable
    from quota_adjust(${userId}, ${ms}, ${by}, ${note})
  `.execute(trx)
  const [made] = rows
  if (!made) throw new Error('quota_adjust() answered nothing')
  if (made.id === null) {
    throw refuse(
      made.left_ms === 0
        ? 'nothing is left to take from'
        : `at most ${made.left_ms} can be taken, which is all that is left`,
    )
  }
  if (!made.is_countable) throw refuse('the account would have more than can be counted')
  const entry = await trx.selectFrom('quota_entry').selectAll().where('id', '=', made.id).executeTakeFirstOrThrow()
  const account = await trx
    .selectFrom('quota_account as a')
    .selectAll('a')
    // Not by the date at hand: the database counts in microseconds.
    .innerJoin('quota_entry as e', (join) =>
      join.onRef('e.user_id', '=', 'a.user_id').onRef('e.period_start', '=', 'a.period_start'),
    )
    .where('e.id', '=', made.id)
    .executeTakeFirstOrThrow()
  await appendEvent(trx, userId, 'usage.changed')
  return { account: toQuotaBalance(account), entry: toQuotaEntry(entry) }
}

const refuse = (message: string) =>
  new Refusal('invalid_input', `ms: ${message}.`, { issues: [{ field: 'ms', message }] })
