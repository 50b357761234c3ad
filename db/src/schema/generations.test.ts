import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDb, type Db } from '../client.ts'
import {
  cancel,
  claim,
  fail,
  generation,
  newAccount,
  newGeneration,
  newSegments,
  storeSegment,
  submitSegment,
  succeed,
} from '../testing/ledger.ts'
import { testDatabase } from '../testing.ts'
import { transaction } from '../transaction.ts'
import type { GenerationEventRow } from './generations.ts'

const { db, owner, connectionString } = await testDatabase()
const account = await newAccount(db, 1_000_000)

async function started(segments = 1): Promise<{ id: string; attempt: string }> {
  const id = (await newGeneration(db, account, { reservedMs: 10_000, segments }))!
  await newSegments(db, id, segments)
  return { id, attempt: (await claim(db, id))! }
}

function segment(id: string, index = 0) {
  return db
    .selectFrom('segment')
    .selectAll()
    .where('generation_id', '=', id)
    .where('index', '=', index)
    .executeTakeFirstOrThrow()
}

async function eventsOf(userId: string, on: Db = db): Promise<GenerationEventRow[]> {
  const rows = await on.selectFrom('event').selectAll().where('user_id', '=', userId).orderBy('seq').execute()
  // Nothing else happens in this file.
  return rows as GenerationEventRow[]
}

async function waitingForLocks(): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(owner)
  return rows.length
}

describe('a claim', () => {
  test('takes a generation that waits, and takes it from whoever held it', async () => {
    const { id, attempt } = await started()
    expect(await generation(db, id)).toMatchObject({ state: 'running', attempt, attempts: 1, fruitless_attempts: 1 })
    const { started_at } = await generation(db, id)
    const next = await claim(db, id)
    expect(next).not.toBe(attempt)
    expect(await generation(db, id)).toMatchObject({ attempt: next, attempts: 2, fruitless_attempts: 2, started_at })
    await cancel(db, id)
  })

  test.for(['succeeded', 'failed', 'canceled'] as const)('gets nothing of one that has ended: %s', async (state) => {
    const { id, attempt } = await started()
    if (state === 'succeeded') await succeed(db, id, attempt, 1_000)
    if (state === 'failed') await fail(db, id, attempt)
    if (state === 'canceled') await cancel(db, id)
    expect(await claim(db, id)).toBeUndefined()
    expect(await generation(db, id)).toMatchObject({ state, attempt, attempts: 1 })
  })

  test('gets nothing of one that never was', async () => {
    expect(await claim(db, randomUUID())).toBeUndefined()
  })
})

describe('an attempt that lost its generation', () => {
  test('cannot submit, store, succeed or fail', async () => {
    const { id, attempt } = await started(2)
    expect(await submitSegment(db, id, 0, attempt)).toBe(true)
    const next = (await claim(db, id))!
    const before = await generation(db, id)
    expect(await submitSegment(db, id, 1, attempt)).toBe(false)
    expect(await storeSegment(db, id, 0, attempt)).toBe(false)
    expect(await succeed(db, id, attempt, 1)).toBe(false)
    expect(await fail(db, id, attempt)).toBe(false)
    expect(await generation(db, id)).toEqual(before)
    expect(await fail(db, id, next)).toBe(true)
  })

  test('does not take a segment from its successor, though it asked for it in time', async () => {
    const { id, attempt } = await started()
    const other = createDb({ connectionString })
    onTestFinished(() => other.destroy())
    // The old attempt sees that it holds the generation, then has to wait for the segment's row.
    const late = await transaction(other, async (trx) => {
      await sql`select from segment where generation_id = ${id} for update`.execute(trx)
      const submitting = submitSegment(db, id, 0, attempt)
      await expect.poll(waitingForLocks).toBe(1)
      return { submitting, next: await claim(trx, id) }
    })
    await late.submitting
    const { next } = late
    expect(await submitSegment(db, id, 0, next!)).toBe(true)
    expect(await storeSegment(db, id, 0, attempt)).toBe(false)
    expect(await storeSegment(db, id, 0, next!)).toBe(true)
    expect(await segment(id)).toMatchObject({ state: 'stored', attempt: next })
    expect(await succeed(db, id, next!, 1_000)).toBe(true)
  })

  test('does not spoil what its successor has under way, however late it submits', async () => {
    const { id, attempt } = await started()
    const other = createDb({ connectionString })
    onTestFinished(() => other.destroy())
    const late = await transaction(other, async (trx) => {
      await sql`select from segment where generation_id = ${id} for update`.execute(trx)
      const submitting = submitSegment(db, id, 0, attempt)
      await expect.poll(waitingForLocks).toBe(1)
      const next = (await claim(trx, id))!
      expect(await submitSegment(trx, id, 0, next)).toBe(true)
      return { submitting, next }
    })
    await late.submitting
    expect(await storeSegment(db, id, 0, late.next)).toBe(true)
    expect(await succeed(db, id, late.next, 1_000)).toBe(true)
  })
})

describe('a segment', () => {
  test('once stored is never submitted or stored again, by no attempt', async () => {
    const { id, attempt } = await started(2)
    await submitSegment(db, id, 0, attempt)
    expect(await storeSegment(db, id, 0, attempt)).toBe(true)
    const stored = await segment(id)
    expect(await submitSegment(db, id, 0, attempt)).toBe(false)
    expect(await storeSegment(db, id, 0, attempt)).toBe(false)
    const next = (await claim(db, id))!
    expect(await submitSegment(db, id, 0, next)).toBe(false)
    expect(await storeSegment(db, id, 0, next)).toBe(false)
    expect(await segment(id)).toEqual(stored)
    expect(await generation(db, id)).toMatchObject({ segments_done: 1 })
    await cancel(db, id)
  })

  test('is not stored without having been submitted', async () => {
    const { id, attempt } = await started()
    expect(await storeSegment(db, id, 0, attempt)).toBe(false)
    await cancel(db, id)
  })

  test('stored is progress: what was tried in vain before it counts no more', async () => {
    const { id } = await started()
    await claim(db, id)
    const attempt = (await claim(db, id))!
    expect(await generation(db, id)).toMatchObject({ fruitless_attempts: 3 })
    await submitSegment(db, id, 0, attempt)
    await storeSegment(db, id, 0, attempt)
    expect(await generation(db, id)).toMatchObject({ fruitless_attempts: 0, segments_done: 1, attempts: 3 })
    await cancel(db, id)
  })

  test('counts once, when all of a generation are stored at once', async () => {
    const { id, attempt } = await started(20)
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await submitSegment(db, id, index, attempt)
        await storeSegment(db, id, index, attempt)
      }),
    )
    expect(await generation(db, id)).toMatchObject({ segments_done: 20 })
    await cancel(db, id)
  })
})

describe('the end of a generation', () => {
  const ended = async (state: 'succeeded' | 'failed' | 'canceled') => {
    const { id, attempt } = await started()
    if (state === 'succeeded') await succeed(db, id, attempt, 1_000)
    if (state === 'failed') await fail(db, id, attempt)
    if (state === 'canceled') await cancel(db, id)
    return id
  }

  test.for(['succeeded', 'failed', 'canceled'] as const)(
    'is final: nothing makes anything else of %s',
    async (state) => {
      const id = await ended(state)
      const before = await generation(db, id)
      for (const change of [
        sql`state = 'queued', finished_at = null, error_reason = null, charged_ms = null`,
        sql`attempt = ${randomUUID()}`,
        sql`charged_ms = 1`,
        sql`duration_ms = 1`,
        sql`reserved_ms = 1`,
        sql`finished_at = now()`,
      ]) {
        await expect(sql`update generation set ${change} where id = ${id}`.execute(db)).rejects.toMatchObject({
          code: '23000',
        })
      }
      expect(await generation(db, id)).toEqual(before)
    },
  )

  test('still lets its text and its audio be forgotten', async () => {
    const id = await ended('succeeded')
    await sql`update generation set text = '', title = null, deleted_at = now(), purged_at = now(), audio_key = null,
      audio_bytes = null, audio_sha256 = null where id = ${id}`.execute(db)
    expect(await generation(db, id)).toMatchObject({ state: 'succeeded', text: '', audio_key: null })
  })

  test('charges what was spoken, but never more than was held', async () => {
    const { id, attempt } = await started()
    await succeed(db, id, attempt, 10_001)
    expect(await generation(db, id)).toMatchObject({ duration_ms: 10_001, charged_ms: 10_000 })
  })

  test('is one of those who would end it, however many try at once', async () => {
    for (let round = 0; round < 25; round++) {
      const { id, attempt } = await started()
      const [succeeded, canceled, failed] = await Promise.all([
        succeed(db, id, attempt, 1_000),
        cancel(db, id),
        fail(db, id, attempt),
      ])
      expect([succeeded, canceled, failed].filter(Boolean)).toHaveLength(1)
      const { state, charged_ms } = await generation(db, id)
      expect({ state, charged_ms }).toEqual({
        state: succeeded ? 'succeeded' : canceled ? 'canceled' : 'failed',
        charged_ms: succeeded ? 1_000 : 0,
      })
    }
  })
})

describe('events', () => {
  test('tell the life of a generation, each with how it stood then', async () => {
    const own = await newAccount(db)
    const id = (await newGeneration(db, own, { reservedMs: 5_000, segments: 2 }))!
    await newSegments(db, id, 2)
    const attempt = (await claim(db, id))!
    await claim(db, id).then((next) => submitSegment(db, id, 1, next!).then(() => storeSegment(db, id, 1, next!)))
    expect(await fail(db, id, attempt)).toBe(false)
    await cancel(db, id)

    const events = await eventsOf(own.userId)
    expect(
      events.map(({ seq, type, data: { state, segments, segment } }) => ({ seq, type, state, segments, segment })),
    ).toEqual([
      { seq: 1, type: 'queued', state: 'queued', segments: { total: 2, done: 0, cached: 0 }, segment: null },
      { seq: 2, type: 'running', state: 'running', segments: { total: 2, done: 0, cached: 0 }, segment: null },
      {
        seq: 3,
        type: 'segment',
        state: 'running',
        segments: { total: 2, done: 1, cached: 0 },
        segment: { index: 1, durationMs: 0 },
      },
      { seq: 4, type: 'canceled', state: 'canceled', segments: { total: 2, done: 1, cached: 0 }, segment: null },
    ])
    expect(events.every(({ generation_id }) => generation_id === id)).toBe(true)
  })

  test('of one user take their numbers in the order they commit, though the later one began first', async () => {
    const own = await newAccount(db)
    const both = [await newGeneration(db, own, { reservedMs: 1 }), await newGeneration(db, own, { reservedMs: 1 })]
    const first = Promise.withResolvers<void>()
    const claimed = Promise.withResolvers<void>()
    const slow = transaction(db, async (trx) => {
      await sql`select 1`.execute(trx)
      await claim(trx, both[0]!)
      claimed.resolve()
      await first.promise
    })
    await claimed.promise
    const quick = claim(db, both[1]!)
    await expect.poll(waitingForLocks).toBe(1)
    expect((await eventsOf(own.userId)).map(({ seq }) => seq)).toEqual([1, 2])
    first.resolve()
    await Promise.all([slow, quick])
    expect((await eventsOf(own.userId)).map(({ seq, generation_id }) => [seq, generation_id])).toEqual([
      [1, both[0]],
      [2, both[1]],
      [3, both[0]],
      [4, both[1]],
    ])
  })

  test('never appear behind a reader that follows, with many writers of which some fail', async () => {
    const own = await newAccount(db, 1_000_000)
    const readerDb = createDb({ connectionString, max: 1 })
    onTestFinished(() => readerDb.destroy())
    let writing = true
    const reader = (async () => {
      const seen: number[] = []
      for (let last = false; !last; ) {
        last = !writing
        const rows = await readerDb
          .selectFrom('event')
          .select('seq')
          .where('user_id', '=', own.userId)
          .where('seq', '>', seen.at(-1) ?? 0)
          .orderBy('seq')
          .execute()
        seen.push(...rows.map(({ seq }) => seq))
      }
      return seen
    })()
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let round = 0; round < 25; round++) {
        await transaction(db, async (trx) => {
          await newGeneration(trx, own, { reservedMs: 1 })
          if ((round + writer) % 5 === 0) throw new Error('rolled back')
        }).catch(() => undefined)
      }
    })
    await Promise.all(writers)
    writing = false
    const seen = await reader
    expect(seen).toEqual((await eventsOf(own.userId)).map(({ seq }) => seq))
    // Numbers of what was rolled back are taken again: there are no gaps.
    expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
  })

  test('of two users do not wait for each other', async () => {
    const [mine, yours] = [await newAccount(db), await newAccount(db)]
    await transaction(db, async (trx) => {
      await newGeneration(trx, mine, { reservedMs: 1 })
      await newGeneration(db, yours, { reservedMs: 1 })
      expect(await eventsOf(yours.userId)).toHaveLength(1)
    })
  })
})
