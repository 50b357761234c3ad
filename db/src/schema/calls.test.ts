import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { cancel, claim, newAccount, newGeneration, newSegments } from '../testing/ledger.ts'
import { testDatabase } from '../testing.ts'

const { db } = await testDatabase()

/** A generation of one segment that an attempt runs. */
async function running() {
  const account = await newAccount(db)
  const id = (await newGeneration(db, account, { reservedMs: 5_000, cost: 700 }))!
  const attempt = (await claim(db, id))!
  await newSegments(db, id, 1)
  return { ...account, id, attempt }
}

async function announce({ id, attempt }: { id: string; attempt: string }, mark = randomUUID()) {
  const { rows } = await sql<{ answer: string }>`
    select call_announce(${mark}, ${id}, 0, ${attempt}, '{"text":"Hello."}'::jsonb, 2) as answer`.execute(db)
  return { mark, answer: rows[0]?.answer }
}
const accept = async (mark: string, id: string) =>
  (await sql<{ held: boolean }>`select call_accept(${mark}, ${id}) as held`.execute(db)).rows[0]?.held
const end = (mark: string, attempt: string | null, outcome: string, cost: number) =>
  sql`select call_end(${mark}, ${attempt}, ${outcome}, ${cost})`.execute(db)
const predictions = async (id: string) =>
  (
    await sql<
      Record<string, unknown>
    >`select * from report.prediction where generation_id = ${id} order by number`.execute(db)
  ).rows

test('a call is written down step by step, and its cost counted at its attempt', async () => {
  const generation = await running()
  const { mark, answer } = await announce(generation)
  expect(answer).toBe('announced')
  expect(await accept(mark, 'one')).toBe(true)
  await end(mark, generation.attempt, 'succeeded', 300)
  expect(await predictions(generation.id)).toMatchObject([
    { mark, attempt: generation.attempt, provider_id: 'one', belongs: 'own', outcome: 'succeeded', cost_micros: 300 },
  ])
  const { rows } =
    await sql`select actual_cost_micros, cost_held_micros from generation where id = ${generation.id}`.execute(db)
  expect(rows).toEqual([{ actual_cost_micros: 300, cost_held_micros: 400 }])
})

test('an end that is told again by another attempt is the last that holds, and is paid once', async () => {
  const generation = await running()
  const { mark } = await announce(generation)
  await end(mark, generation.attempt, 'succeeded', 300)
  const next = (await claim(db, generation.id))!
  await end(mark, next, 'gone', 300)
  expect(await predictions(generation.id)).toMatchObject([{ belongs: 'adopted', adopted_by: next, outcome: 'gone' }])
  const { rows } =
    await sql`select actual_cost_micros from attempt where generation_id = ${generation.id} order by number`.execute(db)
  expect(rows).toEqual([{ actual_cost_micros: 300 }, { actual_cost_micros: 0 }])
})

test('an attempt that does not hold its generation asks for nothing', async () => {
  const generation = await running()
  await claim(db, generation.id)
  expect(await announce(generation)).toMatchObject({ answer: 'lost' })
  const canceled = await running()
  await cancel(db, canceled.id)
  expect(await announce(canceled)).toMatchObject({ answer: 'lost' })
})

test('there is no third call of a segment, but for those that were refused', async () => {
  const generation = await running()
  const first = await announce(generation)
  await end(first.mark, generation.attempt, 'refused', 0)
  const { mark } = await announce(generation)
  const last = await announce(generation)
  expect((await announce(generation)).answer).toBe('unknown')
  await accept(mark, randomUUID())
  await accept(last.mark, randomUUID())
  expect((await announce(generation)).answer).toBe('exhausted')
})

test('an id is one call’s, and a call has one id', async () => {
  const generation = await running()
  const [first, second] = [await announce(generation), await announce(generation)]
  const id = randomUUID()
  expect(await accept(first.mark, id)).toBe(true)
  expect(await accept(first.mark, id)).toBe(true)
  expect(await accept(second.mark, id)).toBe(false)
  expect(await accept(first.mark, randomUUID())).toBe(false)
})

test.for(['the sweep', 'the next attempt'])(
  'a call that %s took for refused is open again, and counts, when it is accepted after all',
  async (who) => {
    const generation = await running()
    const { mark } = await announce(generation)
    const next = (await claim(db, generation.id))!
    await end(mark, who === 'the sweep' ? null : next, 'refused', 0)
    const id = randomUUID()
    expect(await accept(mark, id)).toBe(true)
    expect(await predictions(generation.id)).toMatchObject([
      { provider_id: id, belongs: 'own', adopted_by: null, outcome: 'open', ended_by: null, ended_at: null },
    ])
    const { mark: second } = await announce({ ...generation, attempt: next })
    await accept(second, randomUUID())
    expect((await announce({ ...generation, attempt: next })).answer).toBe('exhausted')
    await end(second, next, 'succeeded', 300)
    await end(mark, null, 'canceled', 200)
    expect(await predictions(generation.id)).toMatchObject([
      { belongs: 'orphaned', outcome: 'canceled', cost_micros: 200 },
      { belongs: 'own', outcome: 'succeeded', cost_micros: 300 },
    ])
    expect((await sql`select * from report.violations()`.execute(db)).rows).toEqual([])
  },
)

test('a call that has ended otherwise is not opened by being accepted again', async () => {
  const generation = await running()
  const { mark } = await announce(generation)
  const id = randomUUID()
  await accept(mark, id)
  await end(mark, generation.attempt, 'succeeded', 300)
  const before = await predictions(generation.id)
  expect(await accept(mark, id)).toBe(true)
  expect(await predictions(generation.id)).toEqual(before)
})

test('an id that is another call’s opens none that was refused', async () => {
  const generation = await running()
  const [first, second] = [await announce(generation), await announce(generation)]
  await accept(first.mark, 'taken')
  await end(second.mark, generation.attempt, 'refused', 0)
  expect(await accept(second.mark, 'taken')).toBe(false)
  expect(await predictions(generation.id)).toMatchObject([{ outcome: 'open' }, { outcome: 'refused' }])
})

test('a call that was accepted while somebody looked for it in vain is not refused', async () => {
  const generation = await running()
  const { mark } = await announce(generation)
  await accept(mark, randomUUID())
  for (const who of [null, generation.attempt]) await end(mark, who, 'refused', 0)
  expect(await predictions(generation.id)).toMatchObject([{ outcome: 'open', ended_by: null }])
})

test('what the sweep ends is orphaned and costed, and what an attempt has ended it leaves alone', async () => {
  const generation = await running()
  const { mark } = await announce(generation)
  await cancel(db, generation.id)
  await end(mark, null, 'canceled', 200)
  await end(mark, null, 'gone', 300)
  expect(await predictions(generation.id)).toMatchObject([
    { belongs: 'orphaned', outcome: 'canceled', cost_micros: 200, ended_by: 'sweep' },
  ])
  expect((await sql`select * from report.violations()`.execute(db)).rows).toEqual([])
})

test('an attempt that has lost its generation changes nothing of what another has seen to end, but its cost', async () => {
  const generation = await running()
  const { mark } = await announce(generation)
  await end(mark, generation.attempt, 'succeeded', 200)
  await sql`select generation_claim(${generation.id}, gen_random_uuid())`.execute(db)
  const [seen] = await predictions(generation.id)
  await end(mark, generation.attempt, 'gone', 200)
  expect(await predictions(generation.id)).toEqual([seen])
})

test('a generation that waits for its engine is nobody’s, and its attempt does not count', async () => {
  const { id, attempt } = await running()
  await sql`select generation_wait(${id}, ${attempt}, interval '20 seconds')`.execute(db)
  const { rows } = await sql`
    select state, fruitless_attempts, degraded_at is not null as degraded, heartbeat_at > clock_timestamp() as later
    from generation where id = ${id}`.execute(db)
  expect(rows).toEqual([{ state: 'running', fruitless_attempts: 0, degraded: true, later: true }])
})
