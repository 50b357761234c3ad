import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  cancel,
  claim,
  fail,
  generation,
  type LedgerAccount,
  newAccount,
  newGeneration,
  newSegments,
  storeSegment,
  submitSegment,
  succeed,
  tryGeneration,
} from '../testing/ledger.ts'
import { testDatabase } from '../testing.ts'

const { db, owner } = await testDatabase()

/** @param userId of the whole installation when it is `null`. */
async function setLimit(userId: string | null, micros: number | null): Promise<void> {
  await sql`
    insert into budget (user_id, limit_micros) values (${userId}, ${micros})
      on conflict (user_id) do update set limit_micros = excluded.limit_micros
  `.execute(db)
}

/** What is spent and held, in all months. */
async function costs(userId: string | null): Promise<{ spent: number; held: number }> {
  const { rows } = await sql<{ spent: number; held: number }>`
    select coalesce(sum(spent_micros), 0)::integer as spent, coalesce(sum(held_micros), 0)::integer as held
      from cost_month where user_id is not distinct from ${userId}
  `.execute(db)
  return rows[0]!
}

const attempts = (id: string) =>
  db
    .selectFrom('attempt')
    .select(['number', 'outcome', 'predicted_cost_micros', 'actual_cost_micros'])
    .where('generation_id', '=', id)
    .orderBy('number')
    .execute()

const history = ({ userId }: LedgerAccount) =>
  db
    .selectFrom('usage_day')
    .select(['voice_id', 'key_id', 'engine', 'generations', 'characters', 'charged_ms', 'cost_micros'])
    .where('user_id', '=', userId)
    .execute()

const create = (account: LedgerAccount, cost: number, key?: string) =>
  tryGeneration(db, account, { reservedMs: 1_000, cost, ...(key && { key }) })

const spend = (id: string, attempt: string, micros: number) =>
  sql`select cost_spend(${id}, ${attempt}, ${micros})`.execute(db)

/** A generation that runs, of `cost` predicted micros. */
async function started(account: LedgerAccount, cost: number, segments = 1): Promise<{ id: string; attempt: string }> {
  const id = (await newGeneration(db, account, { reservedMs: 5_000, cost, segments }))!
  await newSegments(db, id, segments)
  return { id, attempt: (await claim(db, id))! }
}

beforeEach(() => setLimit(null, null))

describe('a budget', () => {
  test('holds what a generation may cost, and gives back what it did not', async () => {
    const account = await newAccount(db)
    const before = await costs(null)
    const all = async () => {
      const { spent, held } = await costs(null)
      return { spent: spent - before.spent, held: held - before.held }
    }
    const { id, attempt } = await started(account, 700)
    expect([await costs(account.userId), await all()]).toEqual(Array(2).fill({ spent: 0, held: 700 }))
    await spend(id, attempt, 300)
    expect([await costs(account.userId), await all()]).toEqual(Array(2).fill({ spent: 300, held: 400 }))
    await succeed(db, id, attempt, 1_000)
    expect([await costs(account.userId), await all()]).toEqual(Array(2).fill({ spent: 300, held: 0 }))
    expect(await generation(db, id)).toMatchObject({
      predicted_cost_micros: 700,
      actual_cost_micros: 300,
      cost_held_micros: 0,
    })
  })

  test.for(['failed', 'canceled'] as const)('of what %s gives back all that was not spent', async (state) => {
    const account = await newAccount(db)
    const { id, attempt } = await started(account, 700)
    await spend(id, attempt, 100)
    expect(await (state === 'failed' ? fail(db, id, attempt) : cancel(db, id))).toBe(true)
    expect(await costs(account.userId)).toEqual({ spent: 100, held: 0 })
  })

  test('of a user is kept to the micro-dollar, and what it refuses leaves nothing', async () => {
    const account = await newAccount(db)
    await setLimit(account.userId, 1_000)
    expect(await create(account, 999)).toMatchObject({ outcome: 'created' })
    expect(await create(account, 2, 'key')).toMatchObject({ outcome: 'budget_exceeded', detail: 'user' })
    expect(await costs(account.userId)).toEqual({ spent: 0, held: 999 })
    for (const table of ['generation', 'event', 'idempotency'] as const) {
      const rows = await db.selectFrom(table).select('user_id').where('user_id', '=', account.userId).execute()
      expect(rows, table).toHaveLength(table === 'idempotency' ? 0 : 1)
    }
    expect(await create(account, 1, 'key')).toMatchObject({ outcome: 'created' })
  })

  test('of the installation refuses too, and then holds nothing of the user’s either', async () => {
    const account = await newAccount(db)
    const { spent, held } = await costs(null)
    await setLimit(null, spent + held + 500)
    expect(await create(account, 501)).toMatchObject({ outcome: 'budget_exceeded', detail: 'installation' })
    expect([await costs(account.userId), await costs(null)]).toEqual([
      { spent: 0, held: 0 },
      { spent, held },
    ])
    expect(await create(account, 500)).toMatchObject({ outcome: 'created' })
  })

  test('of nothing still lets through what costs nothing', async () => {
    const account = await newAccount(db)
    await setLimit(account.userId, 0)
    await setLimit(null, 0)
    expect(await create(account, 0)).toMatchObject({ outcome: 'created' })
    expect(await create(account, 1)).toMatchObject({ outcome: 'budget_exceeded' })
  })

  test('counts what was spent beyond what was predicted', async () => {
    const account = await newAccount(db)
    await setLimit(account.userId, 1_000)
    const { id, attempt } = await started(account, 100)
    await spend(id, attempt, 950)
    expect(await costs(account.userId)).toEqual({ spent: 950, held: 0 })
    expect(await create(account, 51)).toMatchObject({ outcome: 'budget_exceeded' })
    await fail(db, id, attempt)
  })

  test('that changes counts at once, also when more than that is spent', async () => {
    const account = await newAccount(db)
    await create(account, 800)
    await setLimit(account.userId, 100)
    expect(await create(account, 1)).toMatchObject({ outcome: 'budget_exceeded' })
    await setLimit(account.userId, 801)
    expect(await create(account, 1)).toMatchObject({ outcome: 'created' })
    await setLimit(account.userId, null)
    expect(await create(account, 1_000_000)).toMatchObject({ outcome: 'created' })
  })

  test('is never exceeded by those who ask at once', async () => {
    for (let round = 0; round < 5; round++) {
      const accounts = await Promise.all(Array.from({ length: 10 }, () => newAccount(db)))
      for (const { userId } of accounts) await setLimit(userId, 350)
      const { spent, held } = await costs(null)
      await setLimit(null, spent + held + 1_000)
      const answers = await Promise.all(
        Array.from({ length: 60 }, async (_, index) => ({ index, ...(await create(accounts[index % 10]!, 100)) })),
      )
      const created = answers.filter(({ outcome }) => outcome === 'created')
      expect(created).toHaveLength(10)
      for (const [index, { userId }] of accounts.entries()) {
        const own = created.filter((answer) => answer.index % 10 === index).length
        expect(own).toBeLessThanOrEqual(3)
        expect(await costs(userId)).toEqual({ spent: 0, held: 100 * own })
      }
    }
  })

  test('is asked again for what was used up of a hold, and only for that', async () => {
    const account = await newAccount(db)
    await setLimit(account.userId, 1_000)
    const { id, attempt } = await started(account, 700)
    const cover = (micros: number, token = attempt) =>
      sql<{ outcome: string }>`select cost_cover(${id}, ${token}, ${micros}) as outcome`
        .execute(db)
        .then(({ rows }) => rows[0]?.outcome)
    expect(await cover(700)).toBe('covered')
    expect(await cover(1)).toBe('covered')
    expect(await costs(account.userId)).toEqual({ spent: 0, held: 700 })
    await spend(id, attempt, 300)
    expect(await cover(700)).toBe('covered')
    expect(await costs(account.userId)).toEqual({ spent: 300, held: 700 })
    expect(await generation(db, id)).toMatchObject({ cost_held_micros: 700 })
    await spend(id, attempt, 1)
    expect(await cover(700)).toBe('user')
    expect(await cover(699)).toBe('covered')
    expect(await costs(account.userId)).toEqual({ spent: 301, held: 699 })
    await setLimit(account.userId, null)
    const all = await costs(null)
    await setLimit(null, all.spent + all.held + 1)
    expect(await cover(701)).toBe('installation')
    expect(await cover(700)).toBe('covered')
    expect(await cover(1, randomUUID())).toBe('lost')
    await fail(db, id, attempt)
    expect(await cover(1)).toBe('lost')
    expect(await costs(account.userId)).toEqual({ spent: 301, held: 0 })
  })

  test('what quota refuses holds nothing', async () => {
    const account = await newAccount(db, 0)
    expect(await create(account, 100)).toMatchObject({ outcome: 'quota_exceeded' })
    expect(await costs(account.userId)).toEqual({ spent: 0, held: 0 })
  })

  test('of a new month is untouched by the last one: holds are given back there, and what is spent counts here', async () => {
    const account = await newAccount(db)
    const { id, attempt } = await started(account, 600)
    await owner.transaction().execute(async (trx) => {
      await sql`update generation set created_at = created_at - interval '1 month' where id = ${id}`.execute(trx)
      await sql`insert into cost_month (month, user_id, held_micros)
        select (month - interval '1 month')::date, u, 600 from cost_month, unnest(array[${account.userId}::uuid, null]) u
          where user_id = ${account.userId}`.execute(trx)
      await sql`update cost_month set held_micros = held_micros - 600 where month = month_of(clock_timestamp())
        and (user_id = ${account.userId} or user_id is null)`.execute(trx)
    })
    await setLimit(account.userId, 1_000)
    expect(await create(account, 1_000)).toMatchObject({ outcome: 'created' })
    await spend(id, attempt, 250)
    const months = await db
      .selectFrom('cost_month')
      .select(['spent_micros', 'held_micros'])
      .where('user_id', '=', account.userId)
      .orderBy('month')
      .execute()
    expect(months).toEqual([
      { spent_micros: 0, held_micros: 350 },
      { spent_micros: 250, held_micros: 1_000 },
    ])
    await succeed(db, id, attempt, 1)
    expect(await costs(account.userId)).toEqual({ spent: 250, held: 1_000 })
  })

  test.for([-1, -1_000])('takes no negative cost: %i', async (micros) => {
    const account = await newAccount(db)
    await expect(create(account, micros)).rejects.toMatchObject({ code: '23514' })
    const { id, attempt } = await started(account, 100)
    await expect(spend(id, attempt, micros)).rejects.toMatchObject({ code: '23514' })
    expect(await costs(account.userId)).toEqual({ spent: 0, held: 100 })
  })
})

describe('an attempt', () => {
  test('says how it ended, what it was to cost and what it did', async () => {
    const account = await newAccount(db)
    const { id, attempt } = await started(account, 900, 3)
    await submitSegment(db, id, 0, attempt)
    await storeSegment(db, id, 0, attempt, 310)
    const next = (await claim(db, id))!
    await sql`select generation_release(${id}, ${next})`.execute(db)
    await sql`select generation_release(${id}, ${next})`.execute(db)
    const last = (await claim(db, id))!
    // The provider of the first one asks for its money late, for a segment that came too late to be kept.
    expect(await storeSegment(db, id, 1, attempt, 290)).toBe(false)
    expect(await attempts(id)).toEqual([
      { number: 1, outcome: 'lost', predicted_cost_micros: 900, actual_cost_micros: 600 },
      { number: 2, outcome: 'released', predicted_cost_micros: 600, actual_cost_micros: 0 },
      { number: 3, outcome: 'running', predicted_cost_micros: 600, actual_cost_micros: 0 },
    ])
    expect(await generation(db, id)).toMatchObject({
      actual_cost_micros: 600,
      cost_held_micros: 300,
      fruitless_attempts: 1,
    })
    await fail(db, id, last)
    expect((await attempts(id)).map(({ outcome }) => outcome)).toEqual(['lost', 'released', 'failed'])
    expect(await costs(account.userId)).toEqual({ spent: 600, held: 0 })
  })

  test.for(['succeeded', 'failed', 'canceled'] as const)('ends with its generation: %s', async (state) => {
    const { id, attempt } = await started(await newAccount(db), 0)
    if (state === 'succeeded') await succeed(db, id, attempt, 1)
    if (state === 'failed') await fail(db, id, attempt)
    if (state === 'canceled') await cancel(db, id)
    expect(await attempts(id)).toMatchObject([{ outcome: state }])
  })

  test('is none before a generation is taken up', async () => {
    const id = (await newGeneration(db, await newAccount(db), { reservedMs: 1 }))!
    await cancel(db, id)
    expect(await attempts(id)).toEqual([])
  })

  test('that was handed back does not count, however often that is said', async () => {
    const { id, attempt } = await started(await newAccount(db), 0)
    await claim(db, id)
    expect(await generation(db, id)).toMatchObject({ fruitless_attempts: 2 })
    await sql`select generation_release(${id}, ${attempt})`.execute(db)
    expect(await generation(db, id)).toMatchObject({ fruitless_attempts: 2 })
    await cancel(db, id)
  })

  test('may have to be paid for after all is over', async () => {
    const account = await newAccount(db)
    const { id, attempt } = await started(account, 500)
    await cancel(db, id)
    await spend(id, attempt, 70)
    expect(await attempts(id)).toMatchObject([{ outcome: 'canceled', actual_cost_micros: 70 }])
    expect(await costs(account.userId)).toEqual({ spent: 70, held: 0 })
  })
})

describe('the history of a day', () => {
  test('sums what succeeded and what was paid, with whichever voice and key', async () => {
    const account = await newAccount(db)
    const row = { voice_id: account.voiceId, key_id: null, engine: 'test' }
    for (const [durationMs, cost] of [
      [2_000, 20],
      [6_000, 30],
    ] as const) {
      const { id, attempt } = await started(account, 0)
      await spend(id, attempt, cost)
      await succeed(db, id, attempt, durationMs)
    }
    const failed = await started(account, 0)
    await spend(failed.id, failed.attempt, 5)
    await fail(db, failed.id, failed.attempt)
    expect(await history(account)).toEqual([
      { ...row, generations: 2, characters: 12, charged_ms: 7_000, cost_micros: 55 },
    ])

    const other = { ...account, voiceId: (await newAccount(db)).voiceId }
    const { id, attempt } = await started(other, 0)
    await succeed(db, id, attempt, 1_000)
    expect(await history(account)).toContainEqual({
      ...row,
      voice_id: other.voiceId,
      generations: 1,
      characters: 6,
      charged_ms: 1_000,
      cost_micros: 0,
    })
  })

  test('has less of what was given back, and nothing of what was never spoken', async () => {
    const account = await newAccount(db)
    await cancel(db, (await newGeneration(db, account, { reservedMs: 1 }))!)
    expect(await history(account)).toEqual([])
    const { id, attempt } = await started(account, 0)
    await succeed(db, id, attempt, 3_000)
    await sql`select quota_refund(${id}, ${randomUUID()}, 'Sorry.')`.execute(db)
    expect(await history(account)).toMatchObject([{ generations: 1, charged_ms: 0 }])
  })

  test('adds up, however much ends at once', async () => {
    const account = await newAccount(db, 1_000)
    const all = await Promise.all(Array.from({ length: 30 }, () => started(account, 10)))
    await Promise.all(
      all.map(async ({ id, attempt }) => {
        await spend(id, attempt, 10)
        await succeed(db, id, attempt, 100)
      }),
    )
    expect(await history(account)).toMatchObject([{ generations: 30, charged_ms: 3_000, cost_micros: 300 }])
    expect(await costs(account.userId)).toEqual({ spent: 300, held: 0 })
  })
})
