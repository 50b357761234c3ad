import { deepStrictEqual, ok, strictEqual } from 'node:assert'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { Db } from '../client.ts'
import {
  type CreateAnswer,
  cancel,
  claim,
  claimTogether,
  fail,
  type LedgerAccount,
  succeed,
  succeedTogether,
  tryGeneration,
} from './ledger.ts'
import { isOpen, left, monthsAfter, type PlainGeneration, type PlainLedger, sum } from './plain-ledger.ts'

/** The ledger in the database, as one account sees it. */
export interface RealLedger {
  readonly db: Db
  /** Moves the day of sign-up, as no process does. */
  readonly owner: Db
  readonly account: LedgerAccount
  /** Counted up by each command that ran. */
  ran: number
}

export type LedgerCommand = fc.AsyncCommand<PlainLedger, RealLedger>

/** Does what `run` says and then holds every balance, every sum of entries and every state to what the model says. */
function command(
  name: string,
  run: (model: PlainLedger, real: RealLedger) => Promise<void>,
  check: (model: PlainLedger) => boolean = () => true,
): LedgerCommand {
  return {
    check,
    async run(model, real) {
      await run(model, real)
      deepStrictEqual(await observe(real), expected(model))
      real.ran++
    },
    toString: () => name,
  }
}

/**
 * A command about one of the generations there are, most often one in a state that it is meant for: 0 is the latest, so
 * that a few commands in a row mean the same one.
 */
function about(
  at: number,
  name: string,
  meantFor: (generation: PlainGeneration) => boolean,
  run: (generation: PlainGeneration, model: PlainLedger, real: RealLedger) => Promise<void>,
): LedgerCommand {
  const choose = ({ generations }: PlainLedger) => {
    const meant = at % 4 === 3 ? [] : generations.filter(meantFor)
    const among = meant.length > 0 ? meant : generations
    return among.at(-1 - (at % among.length)) as PlainGeneration
  }
  return command(
    name,
    (model, real) => run(choose(model), model, real),
    ({ generations }) => generations.length > 0,
  )
}

const isRunning = ({ state }: PlainGeneration) => state === 'running'
const isCharged = ({ charged, refunded }: PlainGeneration) => Boolean(charged) && !refunded

/** `back` 0 is the attempt that holds it, more an earlier one, which may change nothing. */
const tokenAt = ({ attempts }: PlainGeneration, back: number) => attempts.at(-1 - back)?.token ?? randomUUID()

async function reserveNow(model: PlainLedger, { db, account }: RealLedger, ms: number, cost: number): Promise<void> {
  const now = Date.now()
  const { id, outcome, remaining_ms, period_end } = await tryGeneration(db, account, { reservedMs: ms, cost })
  strictEqual(outcome, model.reserve(id, { ms, cost, now }) ?? 'created')
  if (outcome === 'budget_exceeded') return
  const period = model.open(now)
  deepStrictEqual([remaining_ms, period_end?.getTime()], [left(period), period.end])
}

const reserve = (ms: number, cost: number) =>
  command(`reserve(${ms}, ${cost})`, (model, real) => reserveNow(model, real, ms, cost))

/** All that is left, or one more or less. */
const reserveRest = (more: number) =>
  command(`reserveRest(${more})`, (model, real) =>
    reserveNow(model, real, Math.max(0, left(model.open(Date.now())) + more), 0),
  )

/** At the price of all that is left of the budget, or one more or less. */
const affordRest = (more: number) =>
  command(
    `affordRest(${more})`,
    (model, real) => reserveNow(model, real, 1, Math.max(0, model.affordable + more)),
    ({ budget }) => budget !== null,
  )

/** Several at once: those taken fit together, and none that was refused would have fitted beside them. */
const reserveTogether = (sizes: readonly number[]) =>
  command(`reserveTogether(${sizes})`, async (model, { db, account }) => {
    const now = Date.now()
    const answers = await Promise.all(
      sizes.map(async (ms) => ({ ms, ...(await tryGeneration(db, account, { reservedMs: ms })) })),
    )
    for (const { id, ms, outcome } of answers) {
      if (outcome === 'created') strictEqual(model.reserve(id, { ms, cost: 0, now }), undefined)
    }
    for (const { ms, outcome } of answers) {
      if (outcome === 'created') continue
      strictEqual(outcome, 'quota_exceeded')
      ok(ms > left(model.open(now)), `${ms} ms would have fitted`)
    }
  })

/** One call sent `times` times at once under one idempotency key, as by a client that does not hear the answer. */
const retry = (key: string, ms: number, times: number) =>
  command(`retry(${key}, ${ms}, ${times})`, async (model, { db, account }) => {
    const now = Date.now()
    const calls = Array.from({ length: times }, () => tryGeneration(db, account, { reservedMs: ms, key }))
    const answers = await Promise.all(calls)
    const outcomes = answers.map(({ outcome }) => outcome).toSorted()
    const all = (outcome: CreateAnswer['outcome']) => answers.map(() => outcome)

    const earlier = model.keys.get(key)
    if (earlier && earlier.ms !== ms) return deepStrictEqual(outcomes, all('key_reused'))
    const first = answers.find(({ outcome }) => outcome === 'created')
    if (!earlier && !first) {
      ok(ms > left(model.open(now)), `${ms} ms would have fitted`)
      return deepStrictEqual(outcomes, all('quota_exceeded'))
    }
    if (!earlier && first?.response) {
      strictEqual(model.reserve(first.id, { ms, cost: 0, now }), undefined)
      ok(first.response.includes(first.id))
      model.keys.set(key, { ms, answer: first.response })
    }
    deepStrictEqual(outcomes, earlier ? all('replayed') : ['created', ...all('replayed').slice(1)])
    for (const { response } of answers) strictEqual(response, model.keys.get(key)?.answer)
  })

/** Of a generation that runs already it is what follows a crash: the earlier attempt has lost it. */
const take = (at: number) =>
  about(at, `claim(${at})`, isOpen, async (generation, model, { db }) => {
    const token = await claim(db, generation.id)
    strictEqual(token !== undefined, isOpen(generation))
    if (token) model.claim(generation, token)
  })

/** The latest ones in one statement, as a worker does that runs several. */
const takeTogether = (count: number) =>
  command(`claimTogether(${count})`, async (model, { db }) => {
    const generations = model.generations.slice(-count)
    const tokens = await claimTogether(
      db,
      generations.map(({ id }) => id),
    )
    for (const [index, generation] of generations.entries()) {
      const token = tokens[index]
      strictEqual(token !== undefined, isOpen(generation))
      if (token) model.claim(generation, token)
    }
  })

const settleTogether = (ends: readonly (readonly [back: number, share: Share])[]) =>
  command(`settleTogether(${ends.join('; ')})`, async (model, { db }) => {
    const all = model.generations.slice(-ends.length).map((generation, index) => {
      const [back, share] = ends[index] as (typeof ends)[number]
      return { generation, attempt: tokenAt(generation, back), durationMs: shares[share](generation.reserved) }
    })
    const holding = all.filter(({ generation, attempt }) => model.holds(generation, attempt))
    const settled = await succeedTogether(
      db,
      all.map(({ generation: { id }, attempt, durationMs }) => ({ id, attempt, durationMs })),
    )
    deepStrictEqual(settled.toSorted(), holding.map(({ generation }) => generation.id).toSorted())
    for (const { generation, durationMs } of holding) model.end(generation, 'succeeded', durationMs)
  })

const settle = (at: number, back: number, share: Share) =>
  about(at, `settle(${at}, ${back}, ${share})`, isRunning, async (generation, model, { db }) => {
    const token = tokenAt(generation, back)
    const durationMs = shares[share](generation.reserved)
    const holds = model.holds(generation, token)
    strictEqual(await succeed(db, generation.id, token, durationMs), holds)
    if (holds) model.end(generation, 'succeeded', durationMs)
  })

const giveUp = (at: number, back: number) =>
  about(at, `fail(${at}, ${back})`, isRunning, async (generation, model, { db }) => {
    const token = tokenAt(generation, back)
    const holds = model.holds(generation, token)
    strictEqual(await fail(db, generation.id, token), holds)
    if (holds) model.end(generation, 'failed')
  })

const callOff = (at: number) =>
  about(at, `cancel(${at})`, isOpen, async (generation, model, { db }) => {
    strictEqual(await cancel(db, generation.id), isOpen(generation))
    if (isOpen(generation)) model.end(generation, 'canceled')
  })

const release = (at: number, back: number) =>
  about(at, `release(${at}, ${back})`, isRunning, async (generation, model, { db }) => {
    const token = tokenAt(generation, back)
    await sql`select generation_release(${generation.id}, ${token})`.execute(db)
    model.release(generation, token)
  })

/** All at once who could end it, some of them twice: one of them does, if it is open. */
const race = (at: number, share: Share) =>
  about(at, `race(${at}, ${share})`, isRunning, async (generation, model, { db }) => {
    const { id } = generation
    const token = tokenAt(generation, 0)
    const holds = model.holds(generation, token)
    const durationMs = shares[share](generation.reserved)
    const ends = await Promise.all([
      succeed(db, id, token, durationMs).then((won) => won && 'succeeded'),
      cancel(db, id).then((won) => won && 'canceled'),
      fail(db, id, token).then((won) => won && 'failed'),
      succeed(db, id, token, durationMs).then((won) => won && 'succeeded'),
      cancel(db, id).then((won) => won && 'canceled'),
    ] as const)
    const winners = ends.filter((end) => end !== false)
    strictEqual(winners.length, isOpen(generation) ? 1 : 0)
    const [winner] = winners
    if (winner !== 'canceled') ok(!winner || holds)
    if (winner) model.end(generation, winner, durationMs)
  })

/** Whoever asks for its money gets it, also after the generation was lost or ended. */
const spend = (at: number, back: number, cost: number) =>
  about(at, `spend(${at}, ${back}, ${cost})`, isRunning, async (generation, model, { db }) => {
    const attempt = generation.attempts.at(-1 - back)
    if (!attempt) return
    await sql`select cost_spend(${generation.id}, ${attempt.token}, ${cost})`.execute(db)
    model.spend(generation, attempt, cost)
  })

async function adjustNow(model: PlainLedger, { db, account }: RealLedger, ms: number): Promise<void> {
  const { rows } = await sql<{ id: string | null; granted_ms: number }>`
    select (entry).id, (account).granted_ms from quota_adjust(${account.userId}, ${ms}, ${randomUUID()}, 'Why not.')
  `.execute(db)
  const now = Date.now()
  strictEqual(rows[0]?.id !== null, model.adjust(ms, now))
  strictEqual(rows[0]?.granted_ms, model.open(now).granted)
}

const adjust = (ms: number) => command(`adjust(${ms})`, (model, real) => adjustNow(model, real, ms))

/** Takes all that is left, or one more or less. */
const adjustRest = (more: number) =>
  command(`adjustRest(${more})`, async (model, real) => {
    const ms = -left(model.open(Date.now())) - more
    // An adjustment by nothing is none.
    await adjustNow(model, real, ms === 0 ? 1 : ms)
  })

/** Asked for `times` times at once, it is given back once. */
const refund = (at: number, times: number) =>
  about(at, `refund(${at}, ${times})`, isCharged, async (generation, model, { db }) => {
    const refunds = await Promise.all(
      Array.from({ length: times }, async () => {
        const { rows } = await sql<{ ms: number | null }>`
          select ms from quota_refund(${generation.id}, ${randomUUID()}, 'Sorry.')
        `.execute(db)
        return rows[0]?.ms ?? undefined
      }),
    )
    const given = model.refund(generation)
    deepStrictEqual(
      refunds.filter((ms) => ms !== undefined),
      given === undefined ? [] : [given],
    )
  })

const changePlan = (seconds: number) =>
  command(`changePlan(${seconds})`, async (model, { db, account: { userId, planId } }) => {
    await sql`
      with plan as (
        insert into plan (id, name, seconds_per_month, requests_per_minute, concurrency, storage_bytes, max_characters)
          values (${`${planId}-${seconds}`}, 'Test', ${seconds}, 60, 1, 0, 1)
          on conflict (id) do update set updated_at = now() returning id)
      update account set plan_id = plan.id from plan where account.id = ${userId}
    `.execute(db)
    model.planMs = seconds * 1000
  })

/** As if time had passed: the sign-up is that much longer ago, so that another period runs, unless it was whole months. */
const rollOver = (months: number, days: number) =>
  command(`rollOver(${months}, ${days})`, async (model, { owner, account }) => {
    model.signedUp = monthsAfter(model.signedUp, -months) - days * 86_400_000
    await setSignUp(owner, account, model.signedUp)
  })

const setBudget = (micros: number | null) =>
  command(`setBudget(${micros})`, async (model, { db, account }) => {
    await sql`
      insert into budget (user_id, limit_micros) values (${account.userId}, ${micros})
        on conflict (user_id) do update set limit_micros = excluded.limit_micros
    `.execute(db)
    model.budget = micros
  })

/** How much of what was reserved the audio turns out to be. */
const shares = {
  nothing: () => 0,
  less: (reserved) => Math.floor(reserved / 3),
  all: (reserved) => reserved,
  more: (reserved) => reserved + 1_234,
} satisfies Record<string, (reserved: number) => number>
type Share = keyof typeof shares

/** Any sequence of up to `most` commands. */
export function ledgerCommands(most: number): fc.Arbitrary<Iterable<LedgerCommand>> {
  const ms = fc.oneof({ weight: 4, arbitrary: fc.nat(4_000) }, { weight: 1, arbitrary: fc.nat(30_000) })
  const cost = fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 500 }) },
  )
  const at = fc.nat(20)
  const back = fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  )
  const share = fc.constantFrom(...(Object.keys(shares) as Share[]))
  const some = fc.integer({ min: 1, max: 4 })
  const signed = fc.integer({ min: -8_000, max: 20_000 }).filter((amount) => amount !== 0)
  const off = fc.integer({ min: -1, max: 1 })
  const reserving = fc.tuple(ms, cost).map((args) => reserve(...args))
  const taking = at.map(take)
  const refunding = fc.tuple(at, some).map((args) => refund(...args))
  const spending = fc.tuple(at, back, fc.nat(300)).map((args) => spend(...args))
  const settling = fc.tuple(at, back, share).map((args) => settle(...args))
  return fc.commands(
    [
      reserving,
      reserving,
      off.map(reserveRest),
      off.map(affordRest),
      fc.array(ms, { minLength: 2, maxLength: 6 }).map(reserveTogether),
      fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(0, 500, 3_000), some).map((args) => retry(...args)),
      taking,
      taking,
      taking,
      some.map(takeTogether),
      settling,
      settling,
      fc.array(fc.tuple(back, share), { minLength: 1, maxLength: 5 }).map(settleTogether),
      fc.tuple(at, back).map((args) => giveUp(...args)),
      at.map(callOff),
      fc.tuple(at, back).map((args) => release(...args)),
      fc.tuple(at, share).map((args) => race(...args)),
      spending,
      spending,
      signed.map(adjust),
      off.map(adjustRest),
      refunding,
      refunding,
      fc.nat(40).map(changePlan),
      fc.tuple(fc.nat(14), fc.constantFrom(0, 0, 1, 9, 30, 400)).map((args) => rollOver(...args)),
      fc.option(fc.nat(2_000)).map(setBudget),
    ],
    { maxCommands: most, size: 'max' },
  )
}

export async function setSignUp(owner: Db, { userId }: LedgerAccount, time: number): Promise<void> {
  await sql`update account set created_at = ${new Date(time)} where id = ${userId}`.execute(owner)
}

/** What the database holds of an account, in one statement and so at one moment. */
async function observe({ db, account: { userId } }: RealLedger): Promise<object> {
  const { rows } = await sql<{ held: object }>`
    select json_build_object(
      'periods', (select coalesce(json_agg(p order by p.start), '[]') from (
        select extract(epoch from a.period_start) * 1000 as start, extract(epoch from a.period_end) * 1000 as end,
            a.granted_ms as granted, a.adjusted_ms as adjusted, a.used_ms as used, a.reserved_ms as reserved,
            (select json_build_object(
                'granted', coalesce(sum(ms) filter (where kind in ('grant', 'adjust')), 0),
                'used', coalesce(sum(case kind when 'settle' then ms when 'refund' then -ms end), 0),
                'released', coalesce(sum(ms) filter (where kind = 'release'), 0),
                'counts', json_build_object('reserve', count(*) filter (where kind = 'reserve'),
                  'settle', count(*) filter (where kind = 'settle'), 'release', count(*) filter (where kind = 'release'),
                  'adjust', count(*) filter (where kind = 'adjust'), 'refund', count(*) filter (where kind = 'refund')))
              from quota_entry e where e.user_id = a.user_id and e.period_start = a.period_start) as entries
          from quota_account a where a.user_id = ${userId}) p),
      'generations', (select coalesce(json_object_agg(g.id, json_build_object('state', g.state, 'reserved', g.reserved_ms,
            'charged', g.charged_ms, 'held', g.cost_held_micros, 'cost', g.actual_cost_micros, 'attempts',
            (select coalesce(json_agg(json_build_array(t.token, t.outcome, t.actual_cost_micros) order by t.number), '[]')
              from attempt t where t.generation_id = g.id))), '{}')
          from generation g where g.user_id = ${userId}),
      'history', (select json_build_array(coalesce(sum(generations), 0), coalesce(sum(charged_ms), 0), coalesce(sum(cost_micros), 0))
          from usage_day where user_id = ${userId}),
      'costs', (select json_build_array(coalesce(sum(spent_micros), 0), coalesce(sum(held_micros), 0))
          from cost_month where user_id = ${userId})) as held
  `.execute(db)
  return rows[0]?.held ?? {}
}

/** The same of the model. */
function expected({ periods, generations, spent, held }: PlainLedger): object {
  const of = (state: PlainGeneration['state']) => generations.filter((generation) => generation.state === state)
  return {
    periods: [...periods.values()]
      .toSorted((a, b) => a.start - b.start)
      .map(({ entries: counts, ...period }) => {
        const released = [...of('failed'), ...of('canceled')].filter(
          (generation) => generation.period.start === period.start,
        )
        const { granted, used } = period
        return {
          ...period,
          entries: { granted, used, released: sum(released.map(({ reserved }) => reserved)), counts },
        }
      }),
    generations: Object.fromEntries(
      generations.map(({ id, state, reserved, charged, held, attempts }) => {
        const costs = attempts.map(({ token, outcome, cost }) => [token, outcome, cost])
        return [id, { state, reserved, charged, held, cost: sum(attempts.map(({ cost }) => cost)), attempts: costs }]
      }),
    ),
    history: [of('succeeded').length, sum([...periods.values()].map(({ used }) => used)), spent],
    costs: [spent, held],
  }
}
