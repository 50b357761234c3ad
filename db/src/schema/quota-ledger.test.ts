import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Db } from '../client.ts'
import {
  balances,
  cancel,
  claim,
  fail,
  generation,
  type LedgerAccount,
  newAccount,
  newGeneration,
  succeed,
} from '../testing/ledger.ts'
import { testDatabase } from '../testing.ts'

const { db, assertSound } = await testDatabase()

/** LOQUI_PROPERTY_RUNS=2000 for a long night. */
const runs = Number(process.env.LOQUI_PROPERTY_RUNS ?? 60)

interface Period {
  /** Whether anybody ever tried to reserve in it. */
  opened: boolean
  granted: number
  used: number
  reserved: number
}

interface Speech {
  readonly period: Period
  readonly reserved: number
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'
  charged: number | null
}

/** What an account may be and owe, in plain arithmetic: nothing here knows how the ledger does it. */
interface Model {
  planMs: number
  /** The last one runs. */
  readonly periods: Period[]
  readonly speeches: Speech[]
}

/** The same in the database. `ids` and `attempts` are those of the model's speeches, in their order. */
interface Real {
  readonly db: Db
  readonly account: LedgerAccount
  readonly ids: string[]
  readonly attempts: string[][]
}

function open(model: Model): Period {
  const period = model.periods.at(-1)!
  period.opened = true
  period.granted = Math.max(model.planMs, period.used + period.reserved)
  return period
}

function reserve(model: Model, ms: number): Speech | undefined {
  const period = open(model)
  if (ms > period.granted - period.used - period.reserved) return undefined
  period.reserved += ms
  const speech: Speech = { period, reserved: ms, state: 'queued', charged: null }
  model.speeches.push(speech)
  return speech
}

function end(speech: Speech, state: 'succeeded' | 'failed' | 'canceled', durationMs = 0): void {
  speech.state = state
  speech.charged = state === 'succeeded' ? Math.min(durationMs, speech.reserved) : 0
  speech.period.reserved -= speech.reserved
  speech.period.used += speech.charged
}

const isOpen = ({ state }: Speech) => state === 'queued' || state === 'running'

async function same({ planMs: _, ...model }: Model, { db, account, ids }: Real): Promise<void> {
  const rows = await balances(db, account)
  const expected = model.periods.filter(({ opened }) => opened)
  // In no order: which period of the model lies where in time is chance.
  const amounts = rows.map(({ granted_ms, used_ms, reserved_ms }) => [granted_ms, used_ms, reserved_ms].join())
  expect(amounts.sort()).toEqual(expected.map(({ granted, used, reserved }) => [granted, used, reserved].join()).sort())
  for (const [index, { state, charged }] of model.speeches.entries()) {
    expect(await generation(db, ids[index]!)).toMatchObject({ state, charged_ms: charged })
  }
}

type Command = fc.AsyncCommand<Model, Real>

/** Names one of the speeches there are, by a number that shrinks. */
const pick = <T>(from: readonly T[], at: number): number => at % from.length

const command = (
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, real: Real) => Promise<void>,
): Command => ({ check, run, toString: () => name })

const anySpeech = (model: Model) => model.speeches.length > 0

const create = (ms: number) =>
  command(
    `create(${ms})`,
    () => true,
    async (model, real) => {
      const id = await newGeneration(real.db, real.account, { reservedMs: ms })
      expect(id !== undefined).toBe(reserve(model, ms) !== undefined)
      if (id === undefined) return
      real.ids.push(id)
      real.attempts.push([])
    },
  )

const createTogether = (sizes: number[]) =>
  command(
    `createTogether(${sizes})`,
    () => true,
    async (model, real) => {
      const made = await Promise.all(
        sizes.map(async (ms) => ({ ms, id: await newGeneration(real.db, real.account, { reservedMs: ms }) })),
      )
      // Whichever came first: those taken fit together, and none that was refused would fit beside them.
      for (const { ms, id } of made.filter(({ id }) => id !== undefined)) {
        expect(reserve(model, ms)).toBeDefined()
        real.ids.push(id!)
        real.attempts.push([])
      }
      const { granted, used, reserved } = open(model)
      for (const { ms } of made.filter(({ id }) => id === undefined)) {
        expect(ms).toBeGreaterThan(granted - used - reserved)
      }
    },
  )

const take = (at: number) =>
  command(`claim(${at})`, anySpeech, async (model, real) => {
    const index = pick(model.speeches, at)
    const speech = model.speeches[index]!
    const attempt = await claim(real.db, real.ids[index]!)
    expect(attempt !== undefined).toBe(isOpen(speech))
    if (attempt === undefined) return
    speech.state = 'running'
    real.attempts[index]!.push(attempt)
  })

/** `back` 0 is the attempt that holds it, more an earlier one, which may change nothing. */
const attemptAt = (attempts: readonly string[], back: number) => attempts.at(-1 - back) ?? randomUUID()

const settle = (at: number, back: number, durationMs: number) =>
  command(`succeed(${at}, ${back}, ${durationMs})`, anySpeech, async (model, real) => {
    const index = pick(model.speeches, at)
    const speech = model.speeches[index]!
    const holds = speech.state === 'running' && back === 0
    expect(await succeed(real.db, real.ids[index]!, attemptAt(real.attempts[index]!, back), durationMs)).toBe(holds)
    if (holds) end(speech, 'succeeded', durationMs)
  })

const giveUp = (at: number, back: number) =>
  command(`fail(${at}, ${back})`, anySpeech, async (model, real) => {
    const index = pick(model.speeches, at)
    const speech = model.speeches[index]!
    const holds = speech.state === 'running' && back === 0
    expect(await fail(real.db, real.ids[index]!, attemptAt(real.attempts[index]!, back))).toBe(holds)
    if (holds) end(speech, 'failed')
  })

const callOff = (at: number) =>
  command(`cancel(${at})`, anySpeech, async (model, real) => {
    const index = pick(model.speeches, at)
    const speech = model.speeches[index]!
    expect(await cancel(real.db, real.ids[index]!)).toBe(isOpen(speech))
    if (isOpen(speech)) end(speech, 'canceled')
  })

/** All at once who could end it, twice each: one of them does, if it is open. */
const race = (at: number, durationMs: number) =>
  command(`race(${at}, ${durationMs})`, anySpeech, async (model, real) => {
    const index = pick(model.speeches, at)
    const speech = model.speeches[index]!
    const [id, attempt] = [real.ids[index]!, attemptAt(real.attempts[index]!, 0)]
    const outcomes = await Promise.all([
      succeed(real.db, id, attempt, durationMs).then((won) => won && 'succeeded'),
      cancel(real.db, id).then((won) => won && 'canceled'),
      fail(real.db, id, attempt).then((won) => won && 'failed'),
      succeed(real.db, id, attempt, durationMs).then((won) => won && 'succeeded'),
      cancel(real.db, id).then((won) => won && 'canceled'),
    ])
    const winners = outcomes.filter((outcome) => outcome !== false)
    expect(winners).toHaveLength(isOpen(speech) ? 1 : 0)
    if (winners[0]) end(speech, winners[0] as 'succeeded' | 'failed' | 'canceled', durationMs)
  })

const changePlan = (seconds: number) =>
  command(
    `changePlan(${seconds})`,
    () => true,
    async (model, real) => {
      model.planMs = seconds * 1000
      const { planId } = real.account
      await real.db.updateTable('plan').set({ seconds_per_month: seconds }).where('id', '=', planId).execute()
    },
  )

/** Begins another period, as time would: the sign-up moves back, by a part of a day that no other one moved it by. */
const nextPeriod = (days: number) =>
  command(
    `nextPeriod(${days})`,
    () => true,
    async (model, real) => {
      model.periods.push({ opened: false, granted: 0, used: 0, reserved: 0 })
      await sql`update account set created_at = created_at - make_interval(days => ${days}) - interval '1 minute'
        where id = ${real.account.userId}`.execute(real.db)
    },
  )

test('the ledger holds what plain arithmetic says, whatever happens in whatever order', {
  timeout: 600_000,
}, async () => {
  const ms = fc.oneof({ weight: 4, arbitrary: fc.nat(4_000) }, { weight: 1, arbitrary: fc.nat(30_000) })
  const at = fc.nat(20)
  const back = fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  )
  const commands = fc.commands(
    [
      ms.map(create),
      ms.map(create),
      fc.array(ms, { minLength: 2, maxLength: 6 }).map(createTogether),
      at.map(take),
      at.map(take),
      fc.tuple(at, back, ms).map((args) => settle(...args)),
      fc.tuple(at, back).map((args) => giveUp(...args)),
      at.map(callOff),
      fc.tuple(at, ms).map((args) => race(...args)),
      fc.nat(25).map(changePlan),
      fc.nat(25).map(nextPeriod),
    ],
    { maxCommands: 30, size: 'max' },
  )
  const property = fc.asyncProperty(commands, async (sequence) => {
    const model: Model = {
      planMs: 10_000,
      periods: [{ opened: false, granted: 0, used: 0, reserved: 0 }],
      speeches: [],
    }
    const real: Real = { db, account: await newAccount(db, 10), ids: [], attempts: [] }
    await fc.asyncModelRun(() => ({ model, real }), sequence)
    await same(model, real)
    await assertSound()
  })
  await fc.assert(property, { numRuns: runs })
})
