import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDb, type Db } from '../client.ts'
import { newAccount } from '../testing/ledger.ts'
import { testDatabase } from '../testing.ts'

const { db, owner, connectionString } = await testDatabase()

interface Take {
  readonly allowed: boolean
  readonly remaining: number
  readonly wait_ms: number
}

async function take(key: string, perMinute: number, on: Db = db): Promise<Take> {
  const { rows } = await sql<Take>`select * from rate_take(${key}, ${perMinute})`.execute(on)
  return rows[0]!
}

/** As many takes as are allowed at once, and one more. */
async function exhaust(key: string, perMinute: number): Promise<{ taken: Take[]; refused: Take }> {
  const taken: Take[] = []
  for (;;) {
    const next = await take(key, perMinute)
    if (!next.allowed) return { taken, refused: next }
    taken.push(next)
  }
}

/** Lets time pass for an allowance. */
async function pass(key: string, ms: number): Promise<void> {
  await sql`update rate set tat = tat - make_interval(secs => ${ms / 1000}) where key = ${key}`.execute(db)
}

/** The row as it lies on the disk: another version of it would be another place. */
async function stored(key: string): Promise<unknown> {
  return (await sql`select ctid, xmin, tat from rate where key = ${key}`.execute(db)).rows
}

describe('a rate limit', () => {
  test.for([1, 7, 10])('of %i a minute allows just as many at once', async (perMinute) => {
    const key = randomUUID()
    const { taken, refused } = await exhaust(key, perMinute)
    expect(taken.map(({ remaining }) => remaining)).toEqual(
      Array.from({ length: perMinute }, (_, index) => perMinute - index - 1),
    )
    const step = 60_000 / perMinute
    expect(refused.remaining).toBe(0)
    expect(refused.wait_ms).toBeGreaterThan(step - 2_000)
    expect(refused.wait_ms).toBeLessThanOrEqual(step + 1)
  })

  test('that refuses says when the next one is allowed, and not a moment too early', async () => {
    const key = randomUUID()
    const { refused } = await exhaust(key, 2)
    await pass(key, refused.wait_ms - 5_000)
    expect(await take(key, 2)).toMatchObject({ allowed: false })
    await pass(key, 5_000)
    expect(await take(key, 2)).toMatchObject({ allowed: true, remaining: 0 })
    expect(await take(key, 2)).toMatchObject({ allowed: false })
  })

  test('that has rested allows no more than a minute’s worth', async () => {
    const key = randomUUID()
    await exhaust(key, 6)
    await pass(key, 3_600_000)
    expect((await exhaust(key, 6)).taken).toHaveLength(6)
  })

  test('that refuses writes nothing', async () => {
    const key = randomUUID()
    await exhaust(key, 3)
    const before = await stored(key)
    for (let count = 0; count < 20; count++) expect(await take(key, 3)).toMatchObject({ allowed: false })
    expect(await stored(key)).toEqual(before)
  })

  test('is exact, however many ask at once', async () => {
    const key = randomUUID()
    const own = createDb({ connectionString, max: 10 })
    onTestFinished(() => own.destroy())
    const started = performance.now()
    const taken = await Promise.all(Array.from({ length: 300 }, () => take(key, 20, own)))
    const elapsed = performance.now() - started
    const allowed = taken.filter((each) => each.allowed).length
    expect(allowed).toBeGreaterThanOrEqual(20)
    expect(allowed).toBeLessThanOrEqual(20 + Math.ceil(elapsed / 3_000))
  })

  test('of one key is not another’s', async () => {
    await exhaust('mine', 2)
    expect(await take('yours', 2)).toMatchObject({ allowed: true, remaining: 1 })
  })

  test('begins anew when the clock was set back', async () => {
    const key = randomUUID()
    await exhaust(key, 4)
    await pass(key, -3_600_000)
    expect((await exhaust(key, 4)).taken).toHaveLength(4)
  })

  test('that changes counts at once: what was used of the old one is used of the new one', async () => {
    const key = randomUUID()
    await exhaust(key, 10)
    expect((await take(key, 60)).wait_ms).toBeLessThanOrEqual(1_001)
    await pass(key, 30_000)
    expect((await exhaust(key, 60)).taken.length).toBeGreaterThanOrEqual(30)
    expect((await take(key, 2)).wait_ms).toBeGreaterThan(20_000)
  })

  test('of nothing a minute is an error and not an open door', async () => {
    await expect(take(randomUUID(), 0)).rejects.toMatchObject({ code: '22012' })
  })

  test('gives up soon where somebody holds its row, and lets the caller limit by other means', async () => {
    const key = randomUUID()
    await take(key, 10)
    await owner.transaction().execute(async (trx) => {
      await sql`select from rate where key = ${key} for update`.execute(trx)
      const started = performance.now()
      await expect(take(key, 10)).rejects.toMatchObject({ code: '55P03' })
      expect(performance.now() - started).toBeLessThan(3_000)
    })
  })
})

describe('two limits', () => {
  interface Taken {
    readonly allowed: boolean
    readonly narrow_remaining: number | null
    readonly wide_remaining: number | null
  }
  const takeBoth = async (narrow: string, wide: string): Promise<Taken> =>
    (await sql<Taken>`select * from rate_take_both(${narrow}, 2, ${wide}, 3)`.execute(db)).rows[0]!

  test('are taken from both, or from neither', async () => {
    const [one, two, wide] = [randomUUID(), randomUUID(), randomUUID()]
    expect(await takeBoth(one, wide)).toMatchObject({ allowed: true, narrow_remaining: 1, wide_remaining: 2 })
    expect(await takeBoth(one, wide)).toMatchObject({ allowed: true, narrow_remaining: 0, wide_remaining: 1 })
    expect(await takeBoth(one, wide)).toMatchObject({ allowed: false, narrow_remaining: 0, wide_remaining: null })
    expect(await takeBoth(two, wide)).toMatchObject({ allowed: true, narrow_remaining: 1, wide_remaining: 0 })
    expect(await takeBoth(two, wide)).toMatchObject({ allowed: false, narrow_remaining: null, wide_remaining: 0 })
    // Had the refusal cost anything of the narrow one, this would not be there.
    expect(await take(two, 2)).toMatchObject({ allowed: true, remaining: 0 })
  })
})

describe('a lease', () => {
  const lease = async (userId: string, keepMs = 60_000, id = randomUUID()) =>
    (
      await sql<{ held: boolean; places: number }>`
        select * from lease_take(${id}, ${userId}, make_interval(secs => ${keepMs / 1000}))
      `.execute(db)
    ).rows[0]!

  test('is given as often as the plan has places, however many ask at once', async () => {
    const { userId } = await newAccount(db)
    const asked = await Promise.all(Array.from({ length: 20 }, () => lease(userId)))
    expect(asked.filter(({ held }) => held)).toHaveLength(4)
    expect(new Set(asked.map(({ places }) => places))).toEqual(new Set([4]))
    expect(await lease((await newAccount(db)).userId)).toMatchObject({ held: true })
  })

  test('that nobody renews is somebody else’s', async () => {
    const { userId } = await newAccount(db)
    await Promise.all(Array.from({ length: 4 }, () => lease(userId, -1)))
    expect(await lease(userId)).toMatchObject({ held: true })
  })

  test('that is renewed is kept, also when it was lost meanwhile', async () => {
    const { userId } = await newAccount(db)
    const ids = Array.from({ length: 4 }, () => randomUUID())
    for (const id of ids) await lease(userId, -1, id)
    for (const id of ids) await sql`select lease_renew(${id}, ${userId}, interval '1 minute')`.execute(db)
    expect(await lease(userId)).toMatchObject({ held: false })
    await sql`delete from lease`.execute(db)
    for (const id of ids) await sql`select lease_renew(${id}, ${userId}, interval '1 minute')`.execute(db)
    expect(await lease(userId)).toMatchObject({ held: false })
  })

  test('of a smaller plan leaves those that are held, and gives no more', async () => {
    const { userId, planId } = await newAccount(db)
    await Promise.all(Array.from({ length: 3 }, () => lease(userId)))
    await sql`update plan set concurrency = 1 where id = ${planId}`.execute(db)
    expect(await lease(userId)).toEqual({ held: false, places: 1 })
  })
})
