import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { scopes } from '../actor.ts'
import type { Context } from '../context.ts'
import { listCosts, listCostsInput } from '../costs/list.ts'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { runGeneration } from '../generations/run.ts'
import { newId, wireId } from '../ids.ts'
import { refundGeneration } from '../quota/refund.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { usageHistory, usageHistoryInput } from './history.ts'
import { addDays } from './range.ts'
import type { UsageSums } from './report.ts'

const engines = [createToneEngine(), createToneEngine({ id: 'other', segmentCharacters: 10_000 })]
const core = await testCore(engines)
const { services } = core
const { db } = services
const [admin, ada, bob] = [await core.user({ role: 'admin' }), await core.user(), await core.user()]
const adasKey = await ada.withKey()
const keyId = adasKey.actor.kind === 'key' ? adasKey.actor.keyId : ''
const voices = await db.selectFrom('voice').select(['id', 'engine', 'engine_voice']).execute()
const voice = (engine: string, name: string) =>
  String(voices.find((each) => each.engine === engine && each.engine_voice === name)?.id)
const { rows: now } = await sql<{ today: string; month: string }>`
  select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD') as today, to_char(month_of(clock_timestamp()), 'YYYY-MM-DD') as month
`.execute(db)
const { today, month } = now[0]!

/** Ten milliseconds a character. The engine `tone` asks 7 micro-dollars for each segment of it, `other` for all of it. */
async function spoken(as: Context, characters: number, voiceId: string): Promise<string> {
  const input = createGenerationInput.parse({ text: 'a'.repeat(characters), format: 'pcm', voiceId: `voi_${voiceId}` })
  const id = rowId((await createGeneration(as, input)).id)
  await runGeneration(services, { generationId: id }, new AbortController().signal)
  return id
}

const [low, high, otherLow] = [voice('tone', 'low'), voice('tone', 'high'), voice('other', 'low')]
await spoken(ada.as, 40, low)
await spoken(adasKey, 30, low)
await spoken(adasKey, 20, high)
const refunded = await spoken(ada.as, 100, otherLow)
await refundGeneration(admin.as, { generationId: refunded, note: 'Sorry.' })
await spoken(bob.as, 40, high)

const history = (input: object = {}, as: Context = ada.as) => usageHistory(as, usageHistoryInput.parse(input))
const costs = (input: object = {}) => listCosts(admin.as, listCostsInput.parse(input))
const sums = (generations: number, characters: number, chargedMs: number, costMicros: number) => ({
  generations,
  characters,
  chargedMs,
  costMicros,
})
const add = (some: readonly UsageSums[]) =>
  some.reduce(
    (total, each) =>
      sums(
        total.generations + each.generations,
        total.characters + each.characters,
        total.chargedMs + each.chargedMs,
        total.costMicros + each.costMicros,
      ),
    sums(0, 0, 0, 0),
  )
const adasTotal = sums(4, 190, 900, 28)

describe('the history of what one used', () => {
  test('is of the last thirty days by day, without a gap, unless other days are asked for', async () => {
    const report = await history()
    expect(report).toMatchObject({ from: addDays(today, -29), to: today, by: 'day', total: adasTotal })
    expect(report.rows).toEqual(
      Array.from({ length: 30 }, (_, index) => ({
        id: addDays(today, index - 29),
        name: null,
        ...(index === 29 ? adasTotal : sums(0, 0, 0, 0)),
      })),
    )
  })

  test('by voice, key and engine has the dearest first, and each under the name it has now', async () => {
    expect((await history({ by: 'voice' })).rows).toEqual([
      { id: wireId('voice', low), name: 'A low tone', ...sums(2, 70, 700, 14) },
      { id: wireId('voice', high), name: 'A high tone', ...sums(1, 20, 200, 7) },
      { id: wireId('voice', otherLow), name: 'A low tone', ...sums(1, 100, 0, 7) },
    ])
    expect((await history({ by: 'key' })).rows).toEqual([
      { id: wireId('key', keyId), name: 'Test', ...sums(2, 50, 500, 14) },
      { id: null, name: null, ...sums(2, 140, 400, 14) },
    ])
    expect((await history({ by: 'engine' })).rows).toEqual([
      { id: 'tone', name: null, ...sums(3, 90, 900, 21) },
      { id: 'other', name: null, ...sums(1, 100, 0, 7) },
    ])
  })

  test('says the sum of everything also when it shows the first rows only', async () => {
    const { rows, total } = await history({ by: 'voice', limit: 1 })
    expect(rows.map(({ id }) => id)).toEqual([wireId('voice', low)])
    expect(total).toEqual(adasTotal)
    expect((await history({ limit: 1 })).rows).toHaveLength(30)
  })

  test('keeps what a key and a voice used that are gone', async () => {
    const { id, as } = await core.user()
    const [goneKey, goneVoice] = [newId(), newId()]
    await db
      .insertInto('usage_day')
      .values({ user_id: id, day: sql<Date>`${today}::date`, voice_id: goneVoice, key_id: goneKey, engine: 'gone' })
      .execute()
    expect((await history({ by: 'voice' }, as)).rows).toMatchObject([{ id: wireId('voice', goneVoice), name: null }])
    expect((await history({ by: 'key' }, as)).rows).toMatchObject([{ id: wireId('key', goneKey), name: null }])
  })

  test('counts a day from its first to its last moment in UTC, and nothing beside the range', async () => {
    const { id, as } = await core.user()
    for (const [day, generations] of [
      ['2024-02-28', 1],
      ['2024-02-29', 10],
      ['2024-03-01', 100],
    ] as const) {
      const row = { user_id: id, voice_id: low, key_id: null, engine: 'tone', generations }
      await db
        .insertInto('usage_day')
        .values({ ...row, day: sql<Date>`${day}::date` })
        .execute()
    }
    const days = async (from: string, to: string) =>
      (await history({ from, to }, as)).rows.map(({ id: day, generations }) => [day, generations])
    expect(await days('2024-02-29', '2024-03-02')).toEqual([
      ['2024-02-29', 10],
      ['2024-03-01', 100],
      ['2024-03-02', 0],
    ])
    expect(await days('2024-02-28', '2024-02-28')).toEqual([['2024-02-28', 1]])
    expect(await days('2023-03-02', '2024-03-01')).toHaveLength(366)
    expect((await history({ to: '2024-02-29' }, as)).from).toBe('2024-01-31')
    expect((await history({ from: '2024-02-28', to: '2024-02-29', by: 'voice' }, as)).total.generations).toBe(11)
  })

  test('sums any days along any side as plain arithmetic does', async () => {
    const first = '2025-12-28'
    const days = Array.from({ length: 7 }, (_, index) => addDays(first, index))
    const use = fc.record({
      day: fc.constantFrom(...days),
      voice: fc.constantFrom(low, high, newId()),
      key: fc.constantFrom(keyId, newId(), null),
      engine: fc.constantFrom('tone', 'other'),
      sums: fc
        .tuple(fc.nat(3), fc.nat(1_000), fc.integer({ min: -500, max: 5_000 }), fc.nat(50))
        .map((numbers) => sums(...numbers)),
    })
    const uses = fc.uniqueArray(use, { selector: ({ sums: _, ...side }) => JSON.stringify(side), maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(uses, fc.subarray(days, { minLength: 1 }), async (used, some) => {
        const { id: user_id, as } = await core.user()
        for (const { day, voice: voice_id, key: key_id, engine, sums: own } of used) {
          const { generations, characters, chargedMs: charged_ms, costMicros: cost_micros } = own
          const columns = { user_id, voice_id, key_id, engine, generations, characters, charged_ms, cost_micros }
          await db
            .insertInto('usage_day')
            .values({ ...columns, day: sql<Date>`${day}::date` })
            .execute()
        }
        const [from, to] = [String(some[0]), String(some.at(-1))]
        const within = used.filter(({ day }) => from <= day && day <= to)
        for (const by of ['day', 'voice', 'key', 'engine'] as const) {
          const { rows, total } = await history({ from, to, by }, as)
          expect(total).toEqual(add(within.map((each) => each.sums)))
          const groups = Map.groupBy(within, (each) => each[by])
          if (by === 'day') for (const day of days) if (from <= day && day <= to) groups.set(day, groups.get(day) ?? [])
          const expected = [...groups].map(([id, group]) => ({ id, ...add(group.map((each) => each.sums)) }))
          const found = rows.map(({ name: _, id, ...rest }) => ({
            id: by === 'voice' || by === 'key' ? id && rowId(id) : id,
            ...rest,
          }))
          expect(new Set(found)).toEqual(new Set(expected))
          const places = rows.map(({ id, costMicros, chargedMs }) =>
            // All that is charged is below a million, so that this number has the order of both.
            by === 'day' ? Date.parse(String(id)) : -costMicros * 1_000_000 - chargedMs,
          )
          expect(places).toEqual(places.toSorted((one, other) => one - other))
        }
        await sql`delete from usage_day where user_id = ${user_id}`.execute(db)
      }),
      { numRuns: 25 },
    )
  }, 60_000)

  test('is empty for who used nothing', async () => {
    const { as } = await core.user()
    expect(await history({ by: 'engine' }, as)).toMatchObject({ rows: [], total: sums(0, 0, 0, 0) })
  })

  test('is one’s own, and for who may read it', async () => {
    expect((await history({ by: 'voice' }, bob.as)).rows).toMatchObject([{ id: wireId('voice', high), generations: 1 }])
    expect(await refusal(history({}, await ada.withKey(['generations:read'])))).toMatchObject({
      reason: 'scope_missing',
    })
    const system = { ...services, actor: { kind: 'system' } as const }
    expect(await refusal(history({}, system))).toMatchObject({ reason: 'forbidden' })
  })

  test.for([
    [
      'that ends before it begins',
      { from: '2024-02-02', to: '2024-02-01' },
      'must not be after the last day, 2024-02-01',
    ],
    [
      'of more than a year',
      { from: '2023-03-01', to: '2024-03-01' },
      'must be within 366 days of the last day, 2024-03-01',
    ],
    ['that begins tomorrow', { from: '2999-12-31' }, `must not be after the last day, ${today}`],
    ['that began long ago and has no end', { from: '2000-01-01' }, `must be within 366 days of the last day, ${today}`],
  ] as const)('is refused for a range %s', async ([, input, message]) => {
    expect(await refusal(history(input))).toMatchObject({
      reason: 'invalid_input',
      message: `from: ${message}.`,
      issues: [{ field: 'from' }],
    })
  })

  test.for([
    ['no day', { from: 'yesterday' }, 'from'],
    ['a day that never was', { to: '2023-02-29' }, 'to'],
    ['a thirteenth month', { from: '2023-13-01' }, 'from'],
    ['a day without its zeros', { from: '2023-1-1' }, 'from'],
    ['a moment', { from: '2023-01-01T00:00:00Z' }, 'from'],
    ['a number', { to: 20_230_101 }, 'to'],
    ['the year nought', { from: '0000-01-01' }, 'from'],
    ['a year of five digits', { to: '12023-01-01' }, 'to'],
    ['the end of all days', { to: '9999-12-31' }, 'to'],
    ['SQL', { to: "2023-01-01'; drop table usage_day; --" }, 'to'],
    ['a sum that is the administrator’s', { by: 'user' }, 'by'],
    ['no rows', { limit: 0 }, 'limit'],
    ['rows without end', { limit: 1_001 }, 'limit'],
    ['half a row', { limit: 1.5 }, 'limit'],
  ] as const)('is refused for %s, by the name of the field', ([, input, field]) => {
    expect(usageHistoryInput.safeParse(input).error?.issues.map(({ path }) => path.join('.'))).toEqual([field])
  })
})

describe('what everybody cost', () => {
  test('is of this month by user, unless asked for otherwise', async () => {
    const report = await costs()
    expect(report).toMatchObject({ from: month, to: today, by: 'user', total: sums(5, 230, 1_300, 35) })
    expect(report.rows.slice(0, 2)).toEqual([
      { id: wireId('user', ada.id), name: `${ada.id}@example.com`, ...adasTotal },
      { id: wireId('user', bob.id), name: `${bob.id}@example.com`, ...sums(1, 40, 400, 7) },
    ])
    expect((await costs({ to: '2024-02-29' })).from).toBe('2024-02-01')
  })

  test('is the same sum along each side', async () => {
    for (const by of ['user', 'key', 'voice', 'engine', 'day']) {
      const { rows, total } = await costs({ by })
      expect(total, by).toEqual(sums(5, 230, 1_300, 35))
      for (const field of ['generations', 'characters', 'chargedMs', 'costMicros'] as const) {
        expect(
          rows.reduce((sum, row) => sum + row[field], 0),
          `${by} ${field}`,
        ).toBe(total[field])
      }
    }
  })

  test('is the administrator’s to know', async () => {
    const input = listCostsInput.parse({})
    expect(await refusal(listCosts(ada.as, input))).toMatchObject({ reason: 'forbidden' })
    expect(await refusal(listCosts(await ada.withKey(scopes), input))).toMatchObject({ reason: 'forbidden' })
    const reader = await admin.withKey(['usage:read'])
    expect(await refusal(listCosts(reader, input))).toMatchObject({ reason: 'scope_missing' })
    await listCosts(await admin.withKey(['admin']), input)
  })

  test('agrees with what each month has spent', async () => {
    const { rows } = await sql`
      select spent_micros::int as spent, held_micros::int as held from cost_month where user_id is null`.execute(db)
    expect(rows).toEqual([{ spent: (await costs()).total.costMicros, held: 0 }])
  })
})
