import { transaction } from '@loqui/db/transaction'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { updateAccount } from '../accounts/update.ts'
import { Refusal } from '../errors.ts'
import { cancelGeneration } from '../generations/cancel.ts'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { runGeneration } from '../generations/run.ts'
import { listPlans } from '../plans/list.ts'
import { upsertPlan, upsertPlanInput } from '../plans/upsert.ts'
import { adjustQuota } from '../quota/adjust.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { currentUsage } from './current.ts'

const core = await testCore([createToneEngine({ segmentCharacters: 10_000 })])
const { services } = core
const { db } = services
const low = await core.voiceId('low')

/** Holds 20 ms and takes 10 ms for each character. */
async function create(user: TestUser, characters: number): Promise<string> {
  const input = createGenerationInput.parse({ text: 'a'.repeat(characters), format: 'pcm', voiceId: `voi_${low}` })
  return rowId((await createGeneration(user.as, input)).id)
}

let plans = 0
const plan = (more: object = {}) =>
  upsertPlanInput.parse({
    id: `plan-${plans++}`,
    name: 'A plan',
    secondsPerMonth: 100,
    requestsPerMinute: 60,
    concurrency: 4,
    storageBytes: 0,
    maxCharacters: 10_000,
    ...more,
  })
const system = { ...services, actor: { kind: 'system' } as const }

/** A user on a plan of their own. */
async function userOf(seconds: number) {
  const { id: planId } = await upsertPlan(system, plan({ secondsPerMonth: seconds }))
  return { ...(await core.user({ planId })), planId }
}

describe('usage', () => {
  test('before the first generation is a whole plan', async () => {
    const user = await userOf(100)
    const usage = await currentUsage(user.as)
    expect(usage).toMatchObject({
      grantedMs: 100_000,
      usedMs: 0,
      reservedMs: 0,
      remainingMs: 100_000,
      plan: { id: user.planId },
      adjustedMs: 0,
      costMicros: 0,
    })
    const [start, end] = [new Date(usage.period.start), new Date(usage.period.end)]
    expect(start.getTime()).toBeLessThanOrEqual(Date.now())
    expect(end.getTime()).toBeGreaterThan(Date.now())
  })

  test('holds what waits, charges what was spoken, and gives back the rest and what was canceled', async () => {
    const user = await userOf(100)
    const [spoken, canceled] = [await create(user, 1_000), await create(user, 500)]
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, reservedMs: 30_000, remainingMs: 70_000 })
    await runGeneration(services, { generationId: spoken }, new AbortController().signal)
    await cancelGeneration(user.as, { id: canceled })
    expect(await currentUsage(user.as)).toMatchObject({
      grantedMs: 100_000,
      usedMs: 10_000,
      reservedMs: 0,
      remainingMs: 90_000,
      // What the engine asked for, which is not what it was expected to.
      costMicros: 7,
    })
  })

  test('says at any moment what a generation could take, also after a change of plan', async () => {
    const user = await userOf(25)
    await create(user, 500)
    for (const seconds of [50, 12, 10, 2, 0, 18]) {
      await upsertPlan(system, plan({ id: user.planId, secondsPerMonth: seconds }))
      const { remainingMs, reservedMs, grantedMs } = await currentUsage(user.as)
      expect(remainingMs).toBe(Math.max(0, seconds * 1_000 - 10_000))
      expect(grantedMs).toBe(remainingMs + reservedMs)
      expect(await refusal(create(user, Math.floor(remainingMs / 20) + 1))).toMatchObject({ reason: 'quota_exceeded' })
      if (remainingMs > 0) await cancelGeneration(user.as, { id: await create(user, remainingMs / 20) })
    }
  })

  test('is what the ledger would open, whatever plans, adjustments and generations have made of it', async () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('plan' as const), seconds: fc.nat(40) }),
      fc.record({ what: fc.constant('adjust' as const), seconds: fc.integer({ min: -30, max: 30 }) }),
      fc.record({ what: fc.constant('create' as const), seconds: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ what: fc.constant('cancel' as const), seconds: fc.nat(5) }),
      fc.record({ what: fc.constant('month' as const), seconds: fc.constant(0) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const user = await userOf(20)
        const waiting: string[] = []
        for (const { what, seconds } of steps) {
          const refused = (error: unknown) => {
            if (!(error instanceof Refusal)) throw error
          }
          if (what === 'plan') await upsertPlan(system, plan({ id: user.planId, secondsPerMonth: seconds }))
          else if (what === 'adjust') {
            const input = { userId: user.id, ms: seconds * 1_000 + 7, note: 'Because.' }
            await adjustQuota(system, input).catch(refused)
          } else if (what === 'create') {
            await create(user, seconds * 50).then((id) => waiting.push(id), refused)
          } else if (what === 'cancel') {
            for (const id of waiting.splice(0, seconds)) await cancelGeneration(user.as, { id })
          } else
            await sql`update account set created_at = created_at - interval '1 day' where id = ${user.id}`.execute(db)

          const { plan: _plan, period: _period, costMicros: _cost, ...said } = await currentUsage(user.as)
          const opened = await transaction(db, async (trx) => {
            await sql`select quota_lock(${user.id})`.execute(trx)
            const { rows } = await sql`
              select granted_ms as "grantedMs", adjusted_ms as "adjustedMs", used_ms as "usedMs", reserved_ms as "reservedMs",
                granted_ms - used_ms - reserved_ms as "remainingMs" from quota_open(${user.id})`.execute(trx)
            return rows[0]
          })
          expect(said, what).toEqual(opened)
        }
        for (const id of waiting) await cancelGeneration(user.as, { id })
      }),
      { numRuns: 25 },
    )
  }, 60_000)

  test('of another plan begins with the next reservation and keeps what was used', async () => {
    const user = await userOf(10)
    await runGeneration(services, { generationId: await create(user, 500) }, new AbortController().signal)
    expect(await refusal(create(user, 500))).toMatchObject({ reason: 'quota_exceeded' })
    const bigger = await upsertPlan(system, plan({ secondsPerMonth: 20 }))
    await updateAccount(system, { id: user.id, planId: bigger.id })
    expect(await currentUsage(user.as)).toMatchObject({ grantedMs: 20_000, usedMs: 5_000, remainingMs: 15_000 })
    await cancelGeneration(user.as, { id: await create(user, 750) })
  })

  test('of a new period starts afresh, and what began in the old one settles there', async () => {
    const user = await userOf(100)
    const id = await create(user, 4_000)
    expect(await currentUsage(user.as)).toMatchObject({ reservedMs: 80_000, remainingMs: 20_000 })
    await sql`update account set created_at = created_at - interval '1 day' where id = ${user.id}`.execute(db)
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, reservedMs: 0, remainingMs: 100_000 })
    const other = await create(user, 5_000)
    await runGeneration(services, { generationId: id }, new AbortController().signal)
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, reservedMs: 100_000, remainingMs: 0 })
    const rows = await db
      .selectFrom('quota_account')
      .select(['used_ms', 'reserved_ms'])
      .where('user_id', '=', user.id)
      .execute()
    expect(rows.toSorted((a, b) => a.reserved_ms - b.reserved_ms)).toEqual([
      { used_ms: 40_000, reserved_ms: 0 },
      { used_ms: 0, reserved_ms: 100_000 },
    ])
    await cancelGeneration(user.as, { id: other })
  })

  test('is one’s own, and for who may read it', async () => {
    const user = await core.user()
    expect(await refusal(currentUsage(await user.withKey(['generations:read'])))).toMatchObject({
      reason: 'scope_missing',
    })
    expect(await refusal(currentUsage(system))).toMatchObject({ reason: 'forbidden' })
    await currentUsage(await user.withKey(['usage:read']))
  })
})

describe('plans', () => {
  test('are made, changed and listed, smallest first', async () => {
    const input = plan({ secondsPerMonth: 1 })
    expect(await upsertPlan(system, input)).toEqual(input)
    const changed = { ...input, name: 'Another', secondsPerMonth: 2, maxCharacters: 7 }
    expect(await upsertPlan(system, changed)).toEqual(changed)
    const listed = await listPlans({ db })
    expect(listed).toContainEqual(changed)
    expect(listed.map(({ secondsPerMonth }) => secondsPerMonth)).toEqual(
      listed.map(({ secondsPerMonth }) => secondsPerMonth).toSorted((a, b) => a - b),
    )
    for (const id of ['free', 'starter', 'pro', 'unlimited']) expect(listed.map((each) => each.id)).toContain(id)
  })

  test('hold the largest that may be asked for', async () => {
    const largest = plan({
      secondsPerMonth: 1_000_000_000,
      requestsPerMinute: 1_000_000,
      concurrency: 10_000,
      storageBytes: Number.MAX_SAFE_INTEGER,
      maxCharacters: 2_000_000,
    })
    expect(await upsertPlan(system, largest)).toEqual(largest)
    const user = await core.user({ planId: largest.id })
    expect(await currentUsage(user.as)).toMatchObject({ grantedMs: 1_000_000_000_000 })
  })

  test('are the administrator’s to change', async () => {
    const [user, admin] = [await core.user(), await core.user({ role: 'admin' })]
    const input = plan()
    expect(await refusal(upsertPlan(user.as, input))).toMatchObject({ reason: 'forbidden' })
    expect(await refusal(upsertPlan(await user.withKey(), input))).toMatchObject({ reason: 'forbidden' })
    expect(await refusal(upsertPlan(await admin.withKey(['usage:read']), input))).toMatchObject({
      reason: 'scope_missing',
    })
    expect((await listPlans({ db })).map(({ id }) => id)).not.toContain(input.id)
    await upsertPlan(admin.as, input)
  })

  test.for([
    ['an id in capitals', { id: 'Gold' }, 'id'],
    ['an id that begins with a digit', { id: '1' }, 'id'],
    ['an id of 33 characters', { id: 'a'.repeat(33) }, 'id'],
    ['an id with a line behind it', { id: 'gold\n' }, 'id'],
    ['seconds below none', { secondsPerMonth: -1 }, 'secondsPerMonth'],
    ['half a second', { secondsPerMonth: 0.5 }, 'secondsPerMonth'],
    ['seconds beyond the most', { secondsPerMonth: 1_000_000_001 }, 'secondsPerMonth'],
    ['no requests', { requestsPerMinute: 0 }, 'requestsPerMinute'],
    ['nothing at once', { concurrency: 0 }, 'concurrency'],
    ['no characters', { maxCharacters: 0 }, 'maxCharacters'],
    ['endless storage', { storageBytes: Number.POSITIVE_INFINITY }, 'storageBytes'],
  ] as const)('are not made with %s', ([, change, field]) => {
    const { error } = upsertPlanInput.safeParse({ ...plan(), ...change })
    expect([...new Set(error?.issues.map(({ path }) => path.join('.')))]).toEqual([field])
  })
})
