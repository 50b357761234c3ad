import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDb } from '../client.ts'
import {
  balances,
  cancel,
  claim,
  fail,
  type LedgerAccount,
  newAccount,
  newGeneration,
  succeed,
} from '../testing/ledger.ts'
import { monthsAfter, periodAt } from '../testing/plain-ledger.ts'
import { testDatabase } from '../testing.ts'

const { db, owner, connectionString } = await testDatabase()

function entries(userId: string) {
  return db
    .selectFrom('quota_entry')
    .select(['kind', 'ms', 'generation_id', 'attempt'])
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .execute()
}

describe('a period', () => {
  const day = 86_400_000

  async function period(anchor: Date, at: Date): Promise<{ start: Date; end: Date }> {
    const { rows } = await sql<{ start: Date; end: Date }>`
      select period_start as start, period_end as "end" from quota_period(${anchor}, ${at})
    `.execute(db)
    return rows[0]!
  }

  const dates = ({ start, end }: { start: number; end: number }) => ({ start: new Date(start), end: new Date(end) })

  const moment = fc.date({ min: new Date('1999-01-01'), max: new Date('2101-01-01'), noInvalidDate: true })
  const distance = fc.oneof(fc.integer({ min: 0, max: 40 * 365 * day }), fc.integer({ min: 0, max: 70 * day }))

  test('is the month from the sign-up day that holds the moment, in UTC, whatever the session’s time zone', async () => {
    const own = createDb({ connectionString, max: 1 })
    onTestFinished(() => own.destroy())
    await sql`set time zone 'America/St_Johns'`.execute(own)
    const property = fc.asyncProperty(moment, distance, async (anchor, after) => {
      const at = new Date(anchor.getTime() + after)
      expect(await period(anchor, at)).toEqual(dates(periodAt(anchor.getTime(), at.getTime())))
    })
    await fc.assert(property, { numRuns: 300 })
  })

  test('begins exactly at its start and ends exactly before its end', async () => {
    const property = fc.asyncProperty(moment, fc.nat(60), async (anchor, months) => {
      const start = new Date(monthsAfter(anchor.getTime(), months))
      const end = new Date(monthsAfter(anchor.getTime(), months + 1))
      expect(await period(anchor, start)).toEqual({ start, end })
      expect(await period(anchor, new Date(end.getTime() - 1))).toEqual({ start, end })
      expect((await period(anchor, end)).start).toEqual(end)
    })
    await fc.assert(property, { numRuns: 50 })
  })

  test.for([
    ['2024-01-31T10:00:00Z', '2024-02-29T09:59:59.999Z', '2024-01-31T10:00:00Z', '2024-02-29T10:00:00Z'],
    ['2024-01-31T10:00:00Z', '2024-02-29T10:00:00Z', '2024-02-29T10:00:00Z', '2024-03-31T10:00:00Z'],
    ['2023-01-31T10:00:00Z', '2023-03-01T00:00:00Z', '2023-02-28T10:00:00Z', '2023-03-31T10:00:00Z'],
    ['2024-02-29T00:00:00Z', '2025-02-28T00:00:00Z', '2025-02-28T00:00:00Z', '2025-03-29T00:00:00Z'],
    ['2025-12-31T23:59:59Z', '2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z', '2026-01-31T23:59:59Z'],
    ['2026-05-10T00:00:00Z', '2026-05-10T00:00:00Z', '2026-05-10T00:00:00Z', '2026-06-10T00:00:00Z'],
  ])('of who signed up %s is at %s the one from %s to %s', async ([anchor, at, start, end]) => {
    expect(await period(new Date(anchor!), new Date(at!))).toEqual({ start: new Date(start!), end: new Date(end!) })
  })
})

describe('the entries', () => {
  test.for([
    ['update', sql`update quota_entry set ms = ms + 1`],
    ['update of nothing but the time', sql`update quota_entry set created_at = now()`],
    ['delete', sql`delete from quota_entry`],
    ['truncate', sql`truncate quota_entry`],
    ['truncate by way of the account', sql`truncate quota_account cascade`],
  ] as const)('refuse an %s, even by the owner of the table', async ([, statement]) => {
    const account = await newAccount(db)
    await newGeneration(db, account, { reservedMs: 1_000 })
    const before = await entries(account.userId)
    await expect(statement.execute(owner)).rejects.toMatchObject({
      code: '42501',
      message: 'quota_entry is append only',
    })
    expect(await entries(account.userId)).toEqual(before)
  })

  test('take one reserve and one resolution for each generation', async () => {
    const account = await newAccount(db)
    const id = await newGeneration(db, account, { reservedMs: 1_000 })
    const { period_start } = (await balances(db, account))[0]!
    const add = (kind: 'reserve' | 'settle' | 'release') =>
      owner
        .insertInto('quota_entry')
        .values({ user_id: account.userId, period_start, generation_id: id!, kind, ms: 1, attempt: null })
        .execute()
    await expect(add('reserve')).rejects.toThrow('quota_entry_one_reserve')
    await cancel(db, id!)
    await expect(add('settle')).rejects.toThrow('quota_entry_one_resolution')
    await expect(add('release')).rejects.toThrow('quota_entry_one_resolution')
  })

  test('say who reserved, what was charged and which attempt did it', async () => {
    const account = await newAccount(db)
    const id = (await newGeneration(db, account, { reservedMs: 5_000 }))!
    const attempt = (await claim(db, id))!
    await succeed(db, id, attempt, 3_210)
    expect(await entries(account.userId)).toEqual([
      { kind: 'grant', ms: 100_000, generation_id: null, attempt: null },
      { kind: 'reserve', ms: 5_000, generation_id: id, attempt: null },
      { kind: 'settle', ms: 3_210, generation_id: id, attempt },
    ])
  })
})

describe('the balance', () => {
  test.for(['used_ms', 'reserved_ms'] as const)(
    'refuses more %s than is granted, were the lock ever lost',
    async (column) => {
      const account = await newAccount(db)
      await newGeneration(db, account, { reservedMs: 60_000 })
      const overspend = sql`update quota_account set ${sql.ref(column)} = 100001 where user_id = ${account.userId}`
      await expect(overspend.execute(owner)).rejects.toMatchObject({ code: '23514' })
    },
  )

  test.for(['granted_ms', 'used_ms', 'reserved_ms'] as const)('refuses a negative %s', async (column) => {
    const account = await newAccount(db)
    await newGeneration(db, account, { reservedMs: 1 })
    const negative = sql`update quota_account set ${sql.ref(column)} = -1 where user_id = ${account.userId}`
    await expect(negative.execute(owner)).rejects.toMatchObject({ code: '23514' })
  })
})

describe('a reservation', () => {
  test('may take all that is left and not a millisecond more', async () => {
    const account = await newAccount(db, 10)
    expect(await newGeneration(db, account, { reservedMs: 10_001 })).toBeUndefined()
    expect(await newGeneration(db, account, { reservedMs: 9_999 })).toBeDefined()
    expect(await newGeneration(db, account, { reservedMs: 2 })).toBeUndefined()
    expect(await newGeneration(db, account, { reservedMs: 1 })).toBeDefined()
    expect(await balances(db, account)).toMatchObject([{ granted_ms: 10_000, used_ms: 0, reserved_ms: 10_000 }])
  })

  test('that does not fit leaves no entry, no generation and no event', async () => {
    const account = await newAccount(db, 10)
    await newGeneration(db, account, { reservedMs: 10_001 })
    expect((await entries(account.userId)).map(({ kind }) => kind)).toEqual(['grant'])
    for (const table of ['generation', 'event', 'event_stream'] as const) {
      expect(await db.selectFrom(table).select('user_id').where('user_id', '=', account.userId).execute()).toEqual([])
    }
  })

  test.for(['repeatable read', 'serializable'] as const)(
    'is refused under %s, where the sum would be old',
    async (level) => {
      const account = await newAccount(db)
      const reserving = db
        .transaction()
        .setIsolationLevel(level)
        .execute((trx) => newGeneration(trx, account, { reservedMs: 1 }))
      await expect(reserving).rejects.toThrow('quota needs READ COMMITTED')
    },
  )

  test('is released once by twenty who cancel at once', async () => {
    const account = await newAccount(db)
    const id = (await newGeneration(db, account, { reservedMs: 1_000 }))!
    const won = await Promise.all(Array.from({ length: 20 }, () => cancel(db, id)))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await balances(db, account)).toMatchObject([{ used_ms: 0, reserved_ms: 0 }])
  })

  test('of an account that is not there is an error', async () => {
    const ghost = { userId: randomUUID(), planId: 'free', voiceId: randomUUID() }
    await expect(newGeneration(db, ghost, { reservedMs: 1 })).rejects.toThrow()
  })
})

interface Adjusted {
  readonly id: string | null
  readonly granted_ms: number
  readonly adjusted_ms: number
}

const admin = randomUUID()

/** `id` is that of the entry; `null` when it was refused. */
async function adjust({ userId }: LedgerAccount, ms: number): Promise<Adjusted> {
  const { rows } = await sql<Adjusted>`
    select (entry).id, (account).granted_ms, (account).adjusted_ms from quota_adjust(${userId}, ${ms}, ${admin}, 'Why.')
  `.execute(db)
  return rows[0]!
}

const setPlan = ({ planId }: LedgerAccount, seconds: number) =>
  db.updateTable('plan').set({ seconds_per_month: seconds }).where('id', '=', planId).execute()

/** A generation that succeeded and was charged `ms`. */
async function spoken(account: LedgerAccount, ms: number): Promise<string> {
  const id = (await newGeneration(db, account, { reservedMs: ms }))!
  await succeed(db, id, (await claim(db, id))!, ms)
  return id
}

describe('an adjustment', () => {
  test('adds to what the plan grants, and takes from it', async () => {
    const account = await newAccount(db, 10)
    expect(await adjust(account, 5_000)).toMatchObject({ granted_ms: 15_000, adjusted_ms: 5_000 })
    expect(await newGeneration(db, account, { reservedMs: 15_000 })).toBeDefined()
    const other = await newAccount(db, 10)
    expect(await adjust(other, -10_000)).toMatchObject({ granted_ms: 0, adjusted_ms: -10_000 })
    expect(await newGeneration(db, other, { reservedMs: 1 })).toBeUndefined()
  })

  test('is an entry that says who and why', async () => {
    const account = await newAccount(db, 10)
    const { id } = await adjust(account, 5_000)
    expect(await db.selectFrom('quota_entry').selectAll().where('id', '=', id!).executeTakeFirst()).toMatchObject({
      user_id: account.userId,
      kind: 'adjust',
      ms: 5_000,
      by_user_id: admin,
      note: 'Why.',
      generation_id: null,
    })
  })

  test('takes all that is left and not a millisecond of what is used or held', async () => {
    const account = await newAccount(db, 10)
    await spoken(account, 3_000)
    await newGeneration(db, account, { reservedMs: 2_000 })
    const before = await entries(account.userId)
    expect(await adjust(account, -5_001)).toMatchObject({ id: null, granted_ms: 10_000, adjusted_ms: 0 })
    expect(await entries(account.userId)).toEqual(before)
    expect(await adjust(account, -5_000)).toMatchObject({ granted_ms: 5_000 })
    expect(await newGeneration(db, account, { reservedMs: 1 })).toBeUndefined()
  })

  test('is still there after the plan changed, and ends with its period', async () => {
    const account = await newAccount(db, 10)
    await adjust(account, 5_000)
    await setPlan(account, 20)
    expect(await newGeneration(db, account, { reservedMs: 25_000 })).toBeDefined()
    await sql`update account set created_at = created_at - interval '10 days' where id = ${account.userId}`.execute(
      owner,
    )
    expect(await newGeneration(db, account, { reservedMs: 20_001 })).toBeUndefined()
    expect(await newGeneration(db, account, { reservedMs: 20_000 })).toBeDefined()
  })

  test('of an account beyond its plan first pays for what was used', async () => {
    const account = await newAccount(db, 10)
    await spoken(account, 10_000)
    await setPlan(account, 4)
    expect(await adjust(account, -1)).toMatchObject({ id: null, granted_ms: 10_000 })
    expect(await adjust(account, 5_000)).toMatchObject({ granted_ms: 10_000, adjusted_ms: 5_000 })
    expect(await newGeneration(db, account, { reservedMs: 1 })).toBeUndefined()
    expect(await adjust(account, 2_000)).toMatchObject({ granted_ms: 11_000, adjusted_ms: 7_000 })
    expect(await newGeneration(db, account, { reservedMs: 1_000 })).toBeDefined()
  })

  test('of many at once takes no more than there is', async () => {
    const account = await newAccount(db, 10)
    const adjusted = await Promise.all([
      ...Array.from({ length: 15 }, () => adjust(account, -1_000)),
      ...Array.from({ length: 15 }, () =>
        newGeneration(db, account, { reservedMs: 1_000 }).then((id) => ({ id: id ?? null })),
      ),
    ])
    expect(adjusted.filter(({ id }) => id !== null)).toHaveLength(10)
  })

  test.for([
    ['nothing', 0, '23514'],
    ['more than can be counted', Number.MAX_SAFE_INTEGER * 1_024, '22003'],
  ] as const)('of %s is refused and leaves nothing', async ([, ms, code]) => {
    const account = await newAccount(db, 10)
    await expect(adjust(account, ms)).rejects.toMatchObject({ code })
    expect(await entries(account.userId)).toEqual([])
  })

  test('of an account that is not there is an error', async () => {
    await expect(adjust({ userId: randomUUID(), planId: '', voiceId: '' }, 1)).rejects.toThrow()
  })
})

describe('a refund', () => {
  async function refund(id: string): Promise<number | null> {
    const { rows } = await sql<{ ms: number | null }>`select ms from quota_refund(${id}, ${admin}, 'Sorry.')`.execute(
      db,
    )
    return rows[0]!.ms
  }

  test('gives back what was charged, to be used again', async () => {
    const account = await newAccount(db, 10)
    const id = await spoken(account, 8_000)
    expect(await newGeneration(db, account, { reservedMs: 3_000 })).toBeUndefined()
    expect(await refund(id)).toBe(8_000)
    expect(await balances(db, account)).toMatchObject([{ granted_ms: 10_000, used_ms: 0, reserved_ms: 0 }])
    expect(await newGeneration(db, account, { reservedMs: 10_000 })).toBeDefined()
  })

  test('happens once, of twenty that are asked for at once and of any later one', async () => {
    const account = await newAccount(db, 10)
    await spoken(account, 2_000)
    const id = await spoken(account, 8_000)
    const refunds = await Promise.all(Array.from({ length: 20 }, () => refund(id)))
    expect(refunds.filter((ms) => ms !== null)).toEqual([8_000])
    expect(await refund(id)).toBeNull()
    expect(await balances(db, account)).toMatchObject([{ used_ms: 2_000 }])
  })

  test('is none of what failed, was canceled, cost nothing, still runs or never was', async () => {
    const account = await newAccount(db, 10)
    const [failed, canceled, running] = [
      (await newGeneration(db, account, { reservedMs: 1_000 }))!,
      (await newGeneration(db, account, { reservedMs: 1_000 }))!,
      (await newGeneration(db, account, { reservedMs: 1_000 }))!,
    ]
    await fail(db, failed, (await claim(db, failed))!)
    await cancel(db, canceled)
    await claim(db, running)
    const silent = await spoken(account, 0)
    const before = await entries(account.userId)
    for (const id of [failed, canceled, running, silent, randomUUID()]) expect(await refund(id)).toBeNull()
    expect(await entries(account.userId)).toEqual(before)
  })

  test('goes to the period that was charged', async () => {
    const account = await newAccount(db, 10)
    const id = await spoken(account, 4_000)
    await sql`update account set created_at = created_at - interval '10 days' where id = ${account.userId}`.execute(
      owner,
    )
    await spoken(account, 3_000)
    expect(await refund(id)).toBe(4_000)
    expect((await balances(db, account)).map(({ used_ms }) => used_ms).toSorted()).toEqual([0, 3_000])
  })

  test('of an account beyond its plan does not become more than the plan', async () => {
    const account = await newAccount(db, 10)
    const id = await spoken(account, 6_000)
    await spoken(account, 4_000)
    await setPlan(account, 5)
    expect(await refund(id)).toBe(6_000)
    expect(await newGeneration(db, account, { reservedMs: 1_001 })).toBeUndefined()
    expect(await newGeneration(db, account, { reservedMs: 1_000 })).toBeDefined()
  })

  test('may meet a cancel, a settlement and a reservation, and all add up', async () => {
    const account = await newAccount(db, 10)
    const id = await spoken(account, 5_000)
    const open = (await newGeneration(db, account, { reservedMs: 5_000 }))!
    const attempt = (await claim(db, open))!
    const [given, canceled, settled] = await Promise.all([
      refund(id),
      cancel(db, open),
      succeed(db, open, attempt, 5_000),
      newGeneration(db, account, { reservedMs: 5_000 }),
    ])
    expect([given, canceled !== settled]).toEqual([5_000, true])
  })
})

describe('amounts that make no sense', () => {
  test('are not reserved', async () => {
    const account = await newAccount(db, 10)
    await expect(newGeneration(db, account, { reservedMs: -1 })).rejects.toMatchObject({ code: '23514' })
    expect(await entries(account.userId)).toEqual([])
    expect(await newGeneration(db, account, { reservedMs: Number.MAX_SAFE_INTEGER * 1_024 })).toBeUndefined()
    expect(await balances(db, account)).toMatchObject([{ granted_ms: 10_000, used_ms: 0, reserved_ms: 0 }])
  })

  test('are not settled: a negative one', async () => {
    const account = await newAccount(db, 10)
    const id = (await newGeneration(db, account, { reservedMs: 1_000 }))!
    await expect(succeed(db, id, (await claim(db, id))!, -1)).rejects.toMatchObject({ code: '23514' })
    expect(await balances(db, account)).toMatchObject([{ used_ms: 0, reserved_ms: 1_000 }])
    await cancel(db, id)
  })
})
