import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { createDb } from '../client.ts'
import {
  cancel,
  claim,
  claimTogether,
  fail,
  newAccount,
  newGeneration,
  newSegments,
  segmentRow,
  storeSegment,
  submitSegment,
  succeed,
} from '../testing/ledger.ts'
import { testDatabase } from '../testing.ts'

const { db, connectionString } = await testDatabase()

const oneOf = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!
const some = <T>(all: readonly T[], count: number): T[] => [...new Set(Array.from({ length: count }, () => oneOf(all)))]

/** A generation and the attempt that was last heard to hold it, which by now may be another. */
interface Known {
  readonly id: string
  attempt?: string
}

/**
 * What workers, servers and administrators do to generations: in batches to those that cost nothing, or whose engine's calls
 * are written down, one at a time to the others.
 */
async function world() {
  const own = createDb({ connectionString, max: 12 })
  onTestFinished(() => own.destroy())
  const accounts = await Promise.all(Array.from({ length: 3 }, () => newAccount(own, 1_000_000)))
  const free: Known[] = []
  const costly: Known[] = []
  /** Whose engine is a provider. */
  const asked: Known[] = []
  const any = () => oneOf([...free, ...costly, ...asked])
  const held = (known: readonly Known[], count: number) =>
    some(known, count).flatMap(({ id, attempt }) => (attempt ? [{ id, attempt }] : []))

  const create = async (known: Known[], cost: number) => {
    const id = (await newGeneration(own, oneOf(accounts), { reservedMs: 1_000, cost }))!
    await newSegments(own, id, 1)
    known.push({ id })
  }
  const claimSome = async () => {
    const known = some(free, 8)
    const attempts = await claimTogether(
      own,
      known.map(({ id }) => id),
    )
    for (const [index, attempt] of attempts.entries()) if (attempt) known[index]!.attempt = attempt
  }
  const claimOne = async () => {
    const known = oneOf([...costly, ...asked])
    const attempt = await claim(own, known.id)
    if (attempt) known.attempt = attempt
  }
  const storeSome = async () => {
    const known = held([...free, ...asked], 8)
    for (const { id, attempt } of known) await submitSegment(own, id, 0, attempt)
    const segments = known.map(({ id, attempt }) => segmentRow(id, 0, attempt))
    await sql`select segments_store(${JSON.stringify(segments)}::jsonb)`.execute(own)
  }
  const storeOne = async () => {
    for (const { id, attempt } of held(costly, 1)) {
      await submitSegment(own, id, 0, attempt)
      await storeSegment(own, id, 0, attempt, 70)
    }
  }
  /** Generations that are asked for now: an attempt makes the calls of a segment one after the other. */
  const calling = new Set<string>()
  const callSome = async () => {
    const known = held(asked, 8).filter(({ id }) => !calling.has(id))
    for (const { id } of known) calling.add(id)
    const calls = known.map(({ id, attempt }) => {
      return { mark: randomUUID(), generation: id, index: 0, attempt, request: {}, most: 2, micros: 0 }
    })
    await sql`select calls_announce(${JSON.stringify(calls)}::jsonb)`.execute(own)
    for (const { id } of known) calling.delete(id)
    const { rows } = await sql<{ mark: string; attempt: string }>`
      select mark, attempt from provider_call where mark = any(${calls.map(({ mark }) => mark)})`.execute(own)
    const marks = rows.map(({ mark }) => mark)
    await sql`select calls_accept(${marks}::uuid[], ${marks}::text[])`.execute(own)
    await sql`select calls_end(${marks}::uuid[], ${rows.map(({ attempt }) => attempt)}::uuid[],
      ${rows.map(() => 'succeeded')}::text[], ${rows.map(() => 7)}::bigint[])`.execute(own)
  }
  const renewSome = async () => {
    const known = held([...free, ...costly, ...asked], 16)
    await sql`select generations_renew(${known.map(({ id }) => id)}::uuid[],
      ${known.map(({ attempt }) => attempt)}::uuid[])`.execute(own)
  }
  const succeedSome = async () => {
    const spoken = await own
      .selectFrom('generation')
      .select(['id', 'attempt'])
      .where(
        'id',
        'in',
        some(free, 8).map(({ id }) => id),
      )
      .where('segments_done', '=', 1)
      .execute()
    const ids = spoken.map(({ id }) => id)
    const each = (value: number | string) => spoken.map(() => value)
    await sql`select generations_succeed(${ids}::uuid[], ${spoken.map(({ attempt }) => attempt)}::uuid[],
      ${each(900)}::bigint[], ${ids}::text[], ${each(1)}::bigint[], ${each('sha')}::text[])`.execute(own)
  }
  const succeedOne = async () => {
    for (const { id, attempt } of held([...costly, ...asked], 1)) await succeed(own, id, attempt, 900)
  }
  const failOne = async () => {
    for (const { id, attempt } of held([...free, ...costly, ...asked], 1)) await fail(own, id, attempt)
  }

  const kinds = [() => create(free, 0), () => create(costly, 100), () => create(asked, 100)]
  await Promise.all(Array.from({ length: 36 }, (_, index) => kinds[index % kinds.length]?.()))
  return [
    ...kinds,
    claimSome,
    claimSome,
    claimOne,
    claimOne,
    storeSome,
    storeSome,
    storeOne,
    storeOne,
    callSome,
    callSome,
    renewSome,
    succeedSome,
    succeedOne,
    failOne,
    () => cancel(own, any().id),
    () => sql`select quota_refund(${any().id}, ${randomUUID()}, 'Sorry.')`.execute(own),
    () => sql`select quota_adjust(${oneOf(accounts).userId}, 1, ${randomUUID()}, 'So.')`.execute(own),
  ]
}

test('whatever happens at once, to one user’s generations and to others’, nothing waits in a circle', async () => {
  const actions = await world()
  // A circle is an error of PostgreSQL's (40P01), and a long wait one too (55P03).
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (let count = 0; count < 80; count++) await oneOf(actions)()
    }),
  )
  const states = await db.selectFrom('generation').select('state').distinct().execute()
  expect(states.map(({ state }) => state)).toEqual(expect.arrayContaining(['canceled', 'running', 'succeeded']))
})
