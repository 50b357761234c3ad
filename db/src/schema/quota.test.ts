import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDb } from '../client.ts'
import { balances, cancel, claim, newAccount, newGeneration, succeed } from '../testing/ledger.ts'
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

  /** `months` months after `anchor`, on its day of the month or the last day of a shorter month. */
  function monthsAfter(anchor: Date, months: number): Date {
    const first = new Date(anchor)
    first.setUTCDate(1)
    first.setUTCMonth(anchor.getUTCMonth() + months)
    const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
    first.setUTCDate(Math.min(anchor.getUTCDate(), lastDay))
    return first
  }

  function periodByCounting(anchor: Date, at: Date): { start: Date; end: Date } {
    let months = 0
    while (monthsAfter(anchor, months + 1) <= at) months++
    return { start: monthsAfter(anchor, months), end: monthsAfter(anchor, months + 1) }
  }

  async function period(anchor: Date, at: Date): Promise<{ start: Date; end: Date }> {
    const { rows } = await sql<{ start: Date; end: Date }>`
      select period_start as start, period_end as "end" from quota_period(${anchor}, ${at})
    `.execute(db)
    return rows[0]!
  }

  const moment = fc.date({ min: new Date('1999-01-01'), max: new Date('2101-01-01'), noInvalidDate: true })
  const distance = fc.oneof(fc.integer({ min: 0, max: 40 * 365 * day }), fc.integer({ min: 0, max: 70 * day }))

  test('is the month from the sign-up day that holds the moment, in UTC, whatever the session’s time zone', async () => {
    const own = createDb({ connectionString, max: 1 })
    onTestFinished(() => own.destroy())
    await sql`set time zone 'America/St_Johns'`.execute(own)
    const property = fc.asyncProperty(moment, distance, async (anchor, after) => {
      const at = new Date(anchor.getTime() + after)
      expect(await period(anchor, at)).toEqual(periodByCounting(anchor, at))
    })
    await fc.assert(property, { numRuns: 300 })
  })

  test('begins exactly at its start and ends exactly before its end', async () => {
    const property = fc.asyncProperty(moment, fc.nat(60), async (anchor, months) => {
      const start = monthsAfter(anchor, months)
      const end = monthsAfter(anchor, months + 1)
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
