import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { scopes } from '../actor.ts'
import { cancelGeneration } from '../generations/cancel.ts'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { deleteGeneration } from '../generations/delete.ts'
import { runGeneration } from '../generations/run.ts'
import { newId, wireId } from '../ids.ts'
import { pageInput } from '../pagination.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { snapshot } from '../testing/snapshot.ts'
import { currentUsage } from '../usage/current.ts'
import { adjustQuota, adjustQuotaInput } from './adjust.ts'
import { listQuotaEntries } from './entries.ts'
import type { QuotaEntry } from './entry.ts'
import { refundGeneration, refundInput } from './refund.ts'

const core = await testCore([createToneEngine({ segmentCharacters: 10_000 })])
const { services } = core
const { db } = services
const low = await core.voiceId('low')
const admin = await core.user({ role: 'admin' })

let plans = 0
async function userOf(seconds: number): Promise<TestUser> {
  const id = `plan-${plans++}`
  const limits = { requests_per_minute: 60, concurrency: 4, storage_bytes: 0, max_characters: 10_000 }
  await db
    .insertInto('plan')
    .values({ id, name: id, seconds_per_month: seconds, ...limits })
    .execute()
  return core.user({ planId: id })
}

/** Holds 20 ms and takes 10 ms for each character. */
async function create(user: TestUser, characters: number): Promise<string> {
  const input = createGenerationInput.parse({ text: 'a'.repeat(characters), format: 'pcm', voiceId: `voi_${low}` })
  return rowId((await createGeneration(user.as, input)).id)
}

async function spoken(user: TestUser, characters: number): Promise<string> {
  const id = await create(user, characters)
  await runGeneration(services, { generationId: id }, new AbortController().signal)
  return id
}

const adjust = (user: TestUser, ms: number, note = 'Because.') => adjustQuota(admin.as, { userId: user.id, ms, note })
const refund = (generationId: string, note = 'Sorry.') => refundGeneration(admin.as, { generationId, note })
const entries = (user: TestUser, page: { cursor?: string | null; limit?: number } = {}) =>
  listQuotaEntries(admin.as, { userId: user.id, limit: 100, ...page })

describe('an adjustment', () => {
  test('adds to what is left of the running period, at once and as a line of the ledger', async () => {
    const user = await userOf(10)
    const { account, entry } = await adjust(user, 5_000, 'A gift.')
    expect(entry).toEqual({
      id: expect.stringMatching(/^ent_[0-9a-f-]{36}$/),
      kind: 'adjust',
      ms: 5_000,
      periodStart: account.period.start,
      generationId: null,
      byUserId: wireId('user', admin.id),
      note: 'A gift.',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    expect(account).toMatchObject({
      grantedMs: 15_000,
      adjustedMs: 5_000,
      usedMs: 0,
      reservedMs: 0,
      remainingMs: 15_000,
    })
    expect(await currentUsage(user.as)).toMatchObject(account)
    expect((await entries(user)).items).toMatchObject([
      entry,
      { kind: 'grant', ms: 10_000, byUserId: null, note: null },
    ])
    await cancelGeneration(user.as, { id: await create(user, 750) })
    expect(await refusal(create(user, 751))).toMatchObject({ reason: 'quota_exceeded' })
  })

  test('takes all that is left and not a millisecond more, saying how much there is', async () => {
    const user = await userOf(10)
    await create(user, 200)
    const before = await snapshot(db)
    expect(await refusal(adjust(user, -6_001))).toMatchObject({
      reason: 'invalid_input',
      message: 'ms: at most 6000 can be taken, which is all that is left.',
      issues: [{ field: 'ms' }],
    })
    expect(await snapshot(db)).toEqual(before)
    expect((await adjust(user, -6_000)).account).toMatchObject({ grantedMs: 4_000, adjustedMs: -6_000, remainingMs: 0 })
    expect((await refusal(adjust(user, -1))).message).toBe('ms: nothing is left to take from.')
  })

  test('stays through a change of plan, and ends with its period', async () => {
    const user = await userOf(10)
    await adjust(user, -4_000)
    const { id: bigger } = await db
      .selectFrom('plan')
      .select('id')
      .where('id', '=', 'starter')
      .executeTakeFirstOrThrow()
    await db.updateTable('account').set({ plan_id: bigger }).where('id', '=', user.id).execute()
    const { plan, grantedMs, adjustedMs } = await currentUsage(user.as)
    expect({ grantedMs, adjustedMs }).toEqual({ grantedMs: plan.secondsPerMonth * 1_000 - 4_000, adjustedMs: -4_000 })
    await sql`update account set created_at = created_at - interval '1 day' where id = ${user.id}`.execute(db)
    expect(await currentUsage(user.as)).toMatchObject({ grantedMs: plan.secondsPerMonth * 1_000, adjustedMs: 0 })
  })

  test('by twenty at once takes only what is there', async () => {
    const user = await userOf(10)
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => adjust(user, -1_500)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(6)
    expect(await currentUsage(user.as)).toMatchObject({ grantedMs: 1_000, adjustedMs: -9_000, remainingMs: 1_000 })
  })

  test('sent again with its idempotency key happens once, also when sent at the same time', async () => {
    const [user, other] = [await userOf(10), await core.user({ role: 'admin' })]
    const input = { userId: user.id, ms: 1_000, note: 'Once.' }
    const call = { idempotencyKey: 'gift' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => adjustQuota(admin.as, input, call)))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(await refusal(adjustQuota(admin.as, { ...input, ms: 2_000 }, call))).toMatchObject({
      reason: 'idempotency_key_reused',
    })
    expect(await currentUsage(user.as)).toMatchObject({ adjustedMs: 1_000 })
    await adjustQuota(other.as, input, call)
    expect(await currentUsage(user.as)).toMatchObject({ adjustedMs: 2_000 })
    const refused = { userId: user.id, ms: -100_000, note: 'Too much.' }
    expect(await refusal(adjustQuota(admin.as, refused, { idempotencyKey: 'free again' }))).toBeDefined()
    await adjustQuota(admin.as, input, { idempotencyKey: 'free again' })
  })

  test('is in flight while the first with its key takes longer than a lock is waited for', async () => {
    const user = await userOf(10)
    const [key, route] = ['slow', 'admin.quota.adjust']
    await core.owner.transaction().execute(async (trx) => {
      const taken = { user_id: admin.id, route, key, request_hash: Buffer.alloc(32), response: '1' }
      await trx.insertInto('idempotency').values(taken).execute()
      const again = adjustQuota(admin.as, { userId: user.id, ms: 1, note: 'Twice.' }, { idempotencyKey: key })
      expect(await refusal(again)).toMatchObject({ reason: 'idempotency_in_flight', retryAfterSeconds: 1 })
      await trx.deleteFrom('idempotency').where('key', '=', key).execute()
    })
  })

  test('never leaves more than can be counted', async () => {
    const user = await userOf(10)
    await adjust(user, 1_000_000_000_000)
    await sql`
      select quota_adjust(${user.id}, ${Number.MAX_SAFE_INTEGER - 1_000_000_010_001}, null, 'as far as it goes')
    `.execute(db)
    const before = await snapshot(db)
    expect(await refusal(adjust(user, 2))).toMatchObject({ reason: 'invalid_input', issues: [{ field: 'ms' }] })
    expect(await snapshot(db)).toEqual(before)
    expect((await adjust(user, 1)).account.grantedMs).toBe(Number.MAX_SAFE_INTEGER)
  })

  test.for([
    ['nothing', { ms: 0 }, 'ms'],
    ['half a millisecond', { ms: 0.5 }, 'ms'],
    ['more than the most', { ms: 1_000_000_000_001 }, 'ms'],
    ['less than the least', { ms: -1_000_000_000_001 }, 'ms'],
    ['what no number can hold', { ms: 2 ** 63 }, 'ms'],
    ['no number', { ms: Number.NaN }, 'ms'],
    ['endlessly much', { ms: Number.POSITIVE_INFINITY }, 'ms'],
    ['a text', { ms: '1000' }, 'ms'],
    ['a bigint', { ms: 1000n }, 'ms'],
    ['nothing said', { ms: undefined }, 'ms'],
    ['no note', { note: ' ' }, 'note'],
    ['a note of 501 characters', { note: 'a'.repeat(501) }, 'note'],
    ['another kind of id', { userId: `gen_${newId()}` }, 'userId'],
    ['a field there is not', { periodStart: '2026-01-01' }, ''],
  ] as const)('is not made of %s', ([, change, field]) => {
    const { error } = adjustQuotaInput.safeParse({ userId: `usr_${newId()}`, ms: 1, note: 'Because.', ...change })
    expect([...new Set(error?.issues.map(({ path }) => path.join('.')))]).toEqual([field])
  })
})

describe('a refund', () => {
  test('gives back what was charged, in the period that charged it, and leaves the audio', async () => {
    const user = await userOf(10)
    const id = await spoken(user, 300)
    await sql`update account set created_at = created_at - interval '1 day' where id = ${user.id}`.execute(db)
    const entry = await refund(id, 'It lisped.')
    expect(entry).toMatchObject({
      kind: 'refund',
      ms: 3_000,
      generationId: wireId('generation', id),
      byUserId: wireId('user', admin.id),
      note: 'It lisped.',
    })
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, remainingMs: 10_000 })
    const [account] = await db.selectFrom('quota_account').selectAll().where('user_id', '=', user.id).execute()
    expect(account).toMatchObject({ granted_ms: 10_000, used_ms: 0, reserved_ms: 0 })
    expect(account?.period_start.toISOString()).toBe(entry.periodStart)
    expect(await core.objects(id)).not.toEqual([])
  })

  test('is made once, by twenty at once or one after the other', async () => {
    const user = await userOf(10)
    const id = await spoken(user, 300)
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => refund(id)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'refund_not_possible' })
    }
    expect(await refusal(refund(id))).toMatchObject({
      reason: 'refund_not_possible',
      message: 'generationId: this generation was refunded already.',
    })
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0 })
    expect((await entries(user)).items.filter(({ kind }) => kind === 'refund')).toHaveLength(1)
  })

  test('sent again with its idempotency key is answered with the first', async () => {
    const id = await spoken(await userOf(10), 300)
    const again = () =>
      refundGeneration(admin.as, { generationId: id, note: 'Sorry.' }, { idempotencyKey: 'refund of one' })
    const answers = await Promise.all(Array.from({ length: 20 }, again))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })

  test('is for what was charged: nothing that waits, failed, was canceled or never was', async () => {
    const user = await userOf(100)
    const [waiting, canceled] = [await create(user, 100), await create(user, 100)]
    await cancelGeneration(user.as, { id: canceled })
    const before = await snapshot(db)
    expect(await refusal(refund(waiting))).toMatchObject({
      reason: 'refund_not_possible',
      message: 'generationId: this generation has not ended yet. Cancel it, and it costs nothing.',
    })
    expect(await refusal(refund(canceled))).toMatchObject({
      reason: 'refund_not_possible',
      message: 'generationId: this generation was charged nothing.',
    })
    expect(await refusal(refund(newId()))).toMatchObject({ reason: 'generation_not_found' })
    expect(await snapshot(db)).toEqual(before)
  })

  test('reaches a generation that was deleted', async () => {
    const user = await userOf(10)
    const id = await spoken(user, 300)
    await deleteGeneration(user.as, { id })
    expect(await refund(id)).toMatchObject({ ms: 3_000 })
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, remainingMs: 10_000 })
  })

  test('of an account over its plan gives back no more than the plan has', async () => {
    const user = await userOf(10)
    const [first] = [await spoken(user, 400), await spoken(user, 300)]
    const { id } = (await currentUsage(user.as)).plan
    await db.updateTable('plan').set({ seconds_per_month: 2 }).where('id', '=', id).execute()
    await refund(first)
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 3_000, grantedMs: 3_000, remainingMs: 0 })
  })

  test.for([
    ['another kind of id', { generationId: `usr_${newId()}` }, 'generationId'],
    ['no note', { note: '' }, 'note'],
    ['an amount of its own', { ms: 1 }, ''],
  ] as const)('is not made with %s', ([, change, field]) => {
    const { error } = refundInput.safeParse({ generationId: `gen_${newId()}`, note: 'Sorry.', ...change })
    expect([...new Set(error?.issues.map(({ path }) => path.join('.')))]).toEqual([field])
  })
})

describe('the ledger', () => {
  test('lists every line newest first, page by page, while new ones are written', async () => {
    const user = await userOf(100)
    for (let ms = 1; ms <= 12; ms++) await adjust(user, ms)
    const seen: QuotaEntry[] = []
    let cursor: string | null | undefined
    do {
      const page = await entries(user, { cursor: cursor ?? null, limit: 5 })
      seen.push(...page.items)
      cursor = page.nextCursor
      await adjust(user, 1_000)
    } while (cursor !== null)
    expect(seen.map(({ kind, ms }) => [kind, ms])).toEqual([
      ...Array.from({ length: 12 }, (_, index) => ['adjust', 12 - index]),
      ['grant', 100_000],
    ])
  })

  test('tells the whole story of a generation', async () => {
    const user = await userOf(10)
    const id = await spoken(user, 100)
    await refund(id)
    const about = (await entries(user)).items.filter(({ generationId }) => generationId !== null)
    expect(about.map(({ kind, ms }) => [kind, ms])).toEqual([
      ['refund', 1_000],
      ['settle', 1_000],
      ['reserve', 2_000],
    ])
  })

  test('shows nothing after a cursor of another account', async () => {
    const [mine, yours] = [await userOf(10), await userOf(10)]
    for (const user of [mine, yours]) for (const ms of [1, 2, 3]) await adjust(user, ms)
    const { nextCursor } = await entries(yours, { limit: 1 })
    expect(await entries(mine, { cursor: nextCursor })).toEqual({ items: [], nextCursor: null })
    expect(await refusal(entries(mine, { cursor: 'not one' }))).toMatchObject({ reason: 'cursor_malformed' })
    expect(pageInput.limit.safeParse(101).success).toBe(false)
  })
})

test('the ledger is the administrator’s alone, and a refused hand leaves no trace', async () => {
  const user = await userOf(10)
  const id = await spoken(user, 100)
  const before = await snapshot(db)
  for (const [caller, reason] of [
    [user.as, 'forbidden'],
    [await user.withKey(scopes), 'forbidden'],
    [await admin.withKey(scopes.filter((scope) => scope !== 'admin')), 'scope_missing'],
  ] as const) {
    const note = 'Mine.'
    expect(await refusal(adjustQuota(caller, { userId: user.id, ms: 1, note }))).toMatchObject({ reason })
    expect(await refusal(refundGeneration(caller, { generationId: id, note }))).toMatchObject({ reason })
    expect(await refusal(listQuotaEntries(caller, { userId: user.id, limit: 1 }))).toMatchObject({ reason })
  }
  const unknown = newId()
  expect(await refusal(adjustQuota(admin.as, { userId: unknown, ms: 1, note: 'Who?' }))).toMatchObject({
    reason: 'user_not_found',
    message: 'userId: there is no such user.',
  })
  expect(await refusal(listQuotaEntries(admin.as, { userId: unknown, limit: 1 }))).toMatchObject({
    reason: 'user_not_found',
  })
  expect(await snapshot(db)).toEqual(before)
  const byKey = await adjustQuota(await admin.withKey(['admin']), { userId: user.id, ms: 1, note: 'By key.' })
  expect(byKey.entry.byUserId).toBe(wireId('user', admin.id))
  const system = { ...services, actor: { kind: 'system' } as const }
  expect((await adjustQuota(system, { userId: user.id, ms: 1, note: 'By itself.' })).entry.byUserId).toBeNull()
})
