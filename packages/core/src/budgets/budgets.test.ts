import { createDb } from '@loqui/db/client'
import { EngineError } from '@loqui/engines/engine'
import { StorageError } from '@loqui/storage/storage'
import { sql } from 'kysely'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { getAccount } from '../accounts/get.ts'
import { scopes } from '../actor.ts'
import type { Log } from '../context.ts'
import { cancelGeneration } from '../generations/cancel.ts'
import { createCover } from '../generations/cover.ts'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { getGeneration } from '../generations/get.ts'
import { runGeneration } from '../generations/run.ts'
import { ensureSegments } from '../generations/segments.ts'
import { sweep } from '../housekeeping/sweep.ts'
import { newId, wireId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { snapshot } from '../testing/snapshot.ts'
import { listBudgets } from './list.ts'
import { setBudget, setBudgetInput } from './set.ts'

const engine = createToneEngine({ segmentCharacters: 10_000 })
const core = await testCore([engine])
const { services } = core
const { db } = services
const low = await core.voiceId('low')
const admin = await core.user({ role: 'admin' })

/** Said to cost a fifth of a micro-dollar for each character, and costs 7. */
async function create(user: TestUser, characters: number): Promise<string> {
  const input = createGenerationInput.parse({ text: 'a'.repeat(characters), format: 'pcm', voiceId: `voi_${low}` })
  return rowId((await createGeneration(user.as, input)).id)
}

const run = (generationId: string) => runGeneration(services, { generationId }, new AbortController().signal)
const set = (userId: string | null, alertMicros: number | null, limitMicros: number | null) =>
  setBudget(admin.as, { userId, alertMicros, limitMicros })
const budgets = async () => (await listBudgets(admin.as, { limit: 100 })).items
const budgetOf = async (user: TestUser) => (await getAccount(admin.as, { id: user.id })).budget

/** The budget of the whole installation, until the test ends. */
async function setInstallation(alertMicros: number | null, limitMicros: number | null) {
  onTestFinished(async () => void (await set(null, null, null)))
  return set(null, alertMicros, limitMicros)
}

const spentByAll = async () => {
  const { rows } = await sql<{ micros: number }>`
    select spent_micros + held_micros as micros from cost_month where user_id is null`.execute(db)
  return rows[0]?.micros ?? 0
}

describe('a budget', () => {
  test('is set, shown with what the month has made of it, changed and removed', async () => {
    const user = await core.user()
    await run(await create(user, 400))
    await create(user, 200)
    const budget = await set(user.id, 50, 100)
    expect(budget).toEqual({
      userId: wireId('user', user.id),
      email: `${user.id}@example.com`,
      alertMicros: 50,
      limitMicros: 100,
      month: expect.stringMatching(/^\d{4}-\d\d$/),
      spentMicros: 7,
      heldMicros: 40,
      alertedMonth: null,
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    expect(await budgets()).toContainEqual(budget)
    expect(await budgetOf(user)).toEqual(budget)
    expect(await set(user.id, null, 100)).toMatchObject({ alertMicros: null, limitMicros: 100 })
    expect(await set(user.id, null, null)).toBeNull()
    expect(await set(user.id, null, null)).toBeNull()
    expect(await budgetOf(user)).toBeNull()
    expect((await budgets()).map(({ userId }) => userId)).not.toContain(wireId('user', user.id))
  })

  test('of the installation comes first, and pages take up where the last one ended', async () => {
    const users = [await core.user(), await core.user(), await core.user()]
    for (const user of users.toReversed()) await set(user.id, null, 1)
    await setInstallation(1_000_000, null)
    const seen: (string | null)[] = []
    let cursor: string | null | undefined
    do {
      const page = await listBudgets(admin.as, { limit: 2, cursor: cursor ?? null })
      seen.push(...page.items.map(({ userId }) => userId))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual([null, ...users.map(({ id }) => wireId('user', id))])
    for (const user of users) await set(user.id, null, null)
  })

  test('stops what could go beyond, to the micro-dollar and with nothing written, and lets go what fits', async () => {
    const user = await core.user()
    await set(user.id, null, 100)
    const waiting = await create(user, 300)
    const before = await snapshot(db)
    expect(await refusal(create(user, 205))).toMatchObject({
      reason: 'budget_exceeded',
      message: 'The budget that this account has for engines is used up for this month.',
    })
    expect(await snapshot(db)).toEqual(before)
    await create(user, 200)
    expect(await budgetOf(user)).toMatchObject({ heldMicros: 100 })
    await cancelGeneration(user.as, { id: waiting })
    expect(await budgetOf(user)).toMatchObject({ heldMicros: 40 })
    await run(await create(user, 300))
    expect(await budgetOf(user)).toMatchObject({ heldMicros: 40, spentMicros: 7 })
    await create(await core.user(), 3_000)
  })

  test('holds what its engine says it will cost', async () => {
    const user = await core.user()
    const id = await create(user, 200)
    const { cost } = await getGeneration(user.as, { id })
    expect(cost).toEqual({ predictedMicros: 40, actualMicros: 0 })
    const held = db.selectFrom('cost_month').select('held_micros').where('user_id', '=', user.id)
    expect(await held.execute()).toEqual([{ held_micros: 40 }])
  })

  test('of the installation stops everybody', async () => {
    const [one, other] = [await core.user(), await core.user()]
    await setInstallation(null, (await spentByAll()) + 20)
    await create(one, 100)
    expect(await refusal(create(other, 5))).toMatchObject({
      reason: 'budget_exceeded',
      message: 'The budget that this installation has for engines is used up for this month.',
    })
  })

  test('of nothing lets nothing begin that costs', async () => {
    const user = await core.user()
    await set(user.id, null, 0)
    expect(await refusal(create(user, 1))).toMatchObject({ reason: 'budget_exceeded' })
  })

  test('is not gone beyond by fifty at once', async () => {
    const user = await core.user({ planId: 'unlimited' })
    await set(user.id, null, 100)
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => create(user, 90)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    expect(await budgetOf(user)).toMatchObject({ heldMicros: 90 })
  })

  test('is the administrator’s to see and to set', async () => {
    const user = await core.user()
    const before = await snapshot(db)
    for (const [caller, reason] of [
      [user.as, 'forbidden'],
      [await user.withKey(scopes), 'forbidden'],
      [await admin.withKey(scopes.filter((scope) => scope !== 'admin')), 'scope_missing'],
    ] as const) {
      expect(await refusal(listBudgets(caller, { limit: 1 }))).toMatchObject({ reason })
      const input = { userId: user.id, alertMicros: null, limitMicros: 1_000_000 }
      expect(await refusal(setBudget(caller, input))).toMatchObject({ reason })
    }
    expect(await refusal(set(newId(), null, 1))).toMatchObject({
      reason: 'user_not_found',
      message: 'userId: there is no such user.',
    })
    expect(await snapshot(db)).toEqual(before)
  })

  test.for([
    ['an alert above the limit', { alertMicros: 101 }, 'alertMicros'],
    ['an alert at nothing', { alertMicros: 0 }, 'alertMicros'],
    ['less than nothing', { limitMicros: -1 }, 'limitMicros'],
    ['half a micro-dollar', { alertMicros: 0.5 }, 'alertMicros'],
    ['more than there is', { limitMicros: 1_000_000_000_000_001 }, 'limitMicros'],
    ['no number', { limitMicros: Number.NaN }, 'limitMicros'],
    ['no end but null', { limitMicros: Number.POSITIVE_INFINITY }, 'limitMicros'],
    ['a text', { alertMicros: '50' }, 'alertMicros'],
    ['a limit left out', { limitMicros: undefined }, 'limitMicros'],
    ['nobody named', { userId: undefined }, 'userId'],
    ['another kind of id', { userId: `key_${newId()}` }, 'userId'],
  ] as const)('is not made of %s', ([, change, field]) => {
    const right = { userId: `usr_${newId()}`, alertMicros: 50, limitMicros: 100 }
    const { error } = setBudgetInput.safeParse({ ...right, ...change })
    expect([...new Set(error?.issues.map(({ path }) => path.join('.')))]).toEqual([field])
  })
})

describe('an engine that fails and is paid all the same', () => {
  const busy = (costMicros: number) => new EngineError('busy', { retryable: true, costMicros })
  const words = 'a'.repeat(50)
  const state = (id: string) =>
    db
      .selectFrom('generation')
      .select(['state', 'error_reason', 'error_message', 'charged_ms', 'actual_cost_micros', 'cost_held_micros'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  beforeEach(() => engine.reset())

  test('is asked again while the budget lasts', async () => {
    const user = await core.user()
    await set(user.id, null, 10 + 2 * 7)
    engine.fail(words, busy(7), busy(7))
    const id = await create(user, 50)
    await run(id)
    expect(engine.spoken).toHaveLength(3)
    expect(await state(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 21, cost_held_micros: 0 })
    expect(await budgetOf(user)).toMatchObject({ spentMicros: 21, heldMicros: 0 })
  })

  test('is not asked again where that could go beyond the budget, and nothing is charged', async () => {
    const user = await core.user()
    await set(user.id, null, 10 + 7 + 6)
    engine.fail(words, busy(7), busy(7))
    const id = await create(user, 50)
    await run(id)
    expect(core.alarms.splice(0)).toHaveLength(1)
    expect(engine.spoken).toHaveLength(2)
    expect(await state(id)).toEqual({
      state: 'failed',
      error_reason: 'budget_exceeded',
      error_message: 'The budget that this account has for engines is used up for this month. Nothing was charged.',
      charged_ms: 0,
      actual_cost_micros: 14,
      cost_held_micros: 0,
    })
    expect(await budgetOf(user)).toMatchObject({ spentMicros: 14, heldMicros: 0 })
  })

  test('nor by another attempt, when the first one used up what was held', async () => {
    const user = await core.user()
    await set(user.id, null, 10)
    const id = await create(user, 50)
    const claimed = await services.transitions.claim(id, newId())
    await services.transitions.spend(claimed!, 1)
    await run(id)
    expect(core.alarms.splice(0)).toHaveLength(1)
    expect(engine.spoken).toEqual([])
    expect(await state(id)).toMatchObject({ state: 'failed', error_reason: 'budget_exceeded', actual_cost_micros: 1 })
  })

  test('and so is what could not be stored', async () => {
    const user = await core.user()
    await set(user.id, null, 10)
    const id = await create(user, 50)
    const put = () => Promise.reject(new StorageError('full', 'No room.'))
    const storage = { ...services.storage, put }
    await runGeneration({ ...services, storage }, { generationId: id }, new AbortController().signal)
    expect(core.alarms.splice(0)).toHaveLength(1)
    expect(await state(id)).toMatchObject({ state: 'failed', error_reason: 'storage_full', actual_cost_micros: 7 })
    expect(await budgetOf(user)).toMatchObject({ spentMicros: 7, heldMicros: 0 })
  })

  test('leaves what is not spoken yet covered, however many segments there are at once', async () => {
    const user = await core.user()
    const text = Array.from({ length: 8 }, (_, index) => `${index}${'a'.repeat(99)}`).join('\n\n')
    const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}` })
    await set(user.id, null, 8 * 20 + 15)
    engine.fail('3aaa', busy(15))
    const id = rowId((await createGeneration(user.as, input)).id)
    expect(await budgetOf(user)).toMatchObject({ heldMicros: 160 })
    await run(id)
    expect(await state(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 8 * 7 + 15 })
    expect(engine.spoken).toHaveLength(9)
    expect(await budgetOf(user)).toMatchObject({ spentMicros: 71, heldMicros: 0 })
  })

  test('asks for no more than is still needed, when others were spoken while it asked', async () => {
    const user = await core.user()
    await set(user.id, null, 2 * 20 + 15)
    const text = `${'a'.repeat(100)}\n\n${'b'.repeat(100)}`
    const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}` })
    const id = rowId((await createGeneration(user.as, input)).id)
    const { transitions } = services
    const claimed = (await transitions.claim(id, newId()))!
    await transitions.spend(claimed, 15)
    const asked: number[] = []
    const slow: typeof transitions = {
      ...transitions,
      async cover(generation, micros) {
        asked.push(micros)
        if (asked.length === 1) {
          cover.spoken(0)
          await transitions.spend(claimed, 7)
        }
        return transitions.cover(generation, micros)
      },
    }
    const cover = createCover(slow, claimed, await ensureSegments(services, claimed), engine)
    await cover.ensure()
    expect(asked).toEqual([40, 20])
    expect(await budgetOf(user)).toMatchObject({ spentMicros: 22 })
  })
})

describe('the alert of a budget', () => {
  /** What the sweep of a worker warns of. */
  async function warnings(own = db): Promise<object[]> {
    const warned: object[] = []
    const log: Log = { ...services.log, warn: (details) => void warned.push(details) }
    await sweep({ ...services, db: own, log })
    return warned
  }

  test('is given once in a month, by one of several workers, when that much is spent', async () => {
    const user = await core.user()
    await set(user.id, 7, 100)
    const id = await create(user, 500)
    expect(await warnings()).toEqual([])
    await run(id)
    const others = Array.from({ length: 4 }, () => createDb({ connectionString: core.connectionString, max: 2 }))
    onTestFinished(() => Promise.all(others.map((other) => other.destroy())).then(() => undefined))
    const month = (await budgetOf(user))?.month
    expect((await Promise.all(others.map((other) => warnings(other)))).flat()).toEqual([
      {
        scope: 'user',
        userId: wireId('user', user.id),
        month,
        spentMicros: 7,
        alertMicros: 7,
        limitMicros: 100,
      },
    ])
    expect(await budgetOf(user)).toMatchObject({ alertedMonth: month })
    expect(await warnings()).toEqual([])
  })

  test('is given anew in the next month, and at another height', async () => {
    const user = await core.user()
    await set(user.id, 5, null)
    await run(await create(user, 10))
    expect(await warnings()).toMatchObject([{ alertMicros: 5 }])
    await set(user.id, 5, 1_000)
    expect(await warnings()).toEqual([])
    await set(user.id, 6, 1_000)
    expect(await warnings()).toMatchObject([{ alertMicros: 6 }])
    await sql`update budget set alerted_month = alerted_month - interval '1 month' where user_id = ${user.id}`.execute(
      db,
    )
    expect(await warnings()).toMatchObject([{ alertMicros: 6 }])
  })

  test('of the installation says so', async () => {
    await run(await create(await core.user(), 10))
    await setInstallation(1, null)
    expect(await warnings()).toMatchObject([{ scope: 'installation', userId: null, alertMicros: 1, limitMicros: null }])
  })
})
