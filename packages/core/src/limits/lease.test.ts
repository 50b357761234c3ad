import { sql } from 'kysely'
import { afterEach, expect, test, vi } from 'vitest'
import { refusal, testCore } from '../testing/core.ts'
import { withLease } from './lease.ts'

const core = await testCore([])
const { services } = core
const { db } = services
afterEach(() => void vi.useRealTimers())

/** Seconds that each lease of a user still has. */
async function leasesOf(userId: string): Promise<number[]> {
  const rows = await db
    .selectFrom('lease')
    .select(sql<number>`extract(epoch from expires_at - clock_timestamp())::float8`.as('seconds'))
    .where('user_id', '=', userId)
    .execute()
  return rows.map(({ seconds }) => seconds)
}

/** Work that goes on until it is told to end. */
function startWork(userId: string) {
  const [started, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
  const done = withLease(services, userId, () => {
    started.resolve()
    return ending.promise
  })
  return { done, started: Promise.race([started.promise, done]), end: () => ending.resolve('done') }
}

test('as much is done at the same time as the plan allows, by each user', async () => {
  const [user, other] = [await core.user({ planId: 'free' }), await core.user({ planId: 'free' })]
  const works = Array.from({ length: 20 }, () => startWork(user.id))
  const starts = await Promise.allSettled(works.map(({ started }) => started))
  expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  for (const start of starts) {
    if (start.status === 'rejected') {
      expect(start.reason).toMatchObject({
        reason: 'concurrency_limited',
        retryAfterSeconds: 1,
        limits: [{ policy: 'concurrency', quota: 2, unit: 'concurrent-requests', remaining: 0, growsInSeconds: 1 }],
      })
    }
  }
  expect(await withLease(services, other.id, async () => 'theirs')).toBe('theirs')
  for (const { end } of works) end()
  const ends = await Promise.allSettled(works.map(({ done }) => done))
  expect(ends.filter((end) => end.status === 'fulfilled' && end.value === 'done')).toHaveLength(2)
  expect(await leasesOf(user.id)).toEqual([])
})

test('a change of plan acts at once', async () => {
  const user = await core.user({ planId: 'free' })
  const works = Array.from({ length: 2 }, () => startWork(user.id))
  await Promise.all(works.map(({ started }) => started))
  expect(await refusal(withLease(services, user.id, async () => ''))).toMatchObject({ reason: 'concurrency_limited' })
  await db.updateTable('account').set({ plan_id: 'pro' }).where('id', '=', user.id).execute()
  expect(await withLease(services, user.id, async () => 'third')).toBe('third')
  for (const { end } of works) end()
  await Promise.all(works.map(({ done }) => done))
})

test('work that fails frees its place', async () => {
  const user = await core.user()
  for (let attempt = 0; attempt < 5; attempt++) {
    await expect(withLease(services, user.id, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  }
  expect(await leasesOf(user.id)).toEqual([])
})

test('what is held is held for half a minute, and renewed while the work goes on, even if it was lost', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const user = await core.user()
  const work = startWork(user.id)
  await work.started
  const [first] = await leasesOf(user.id)
  expect(first).toBeGreaterThan(15)
  expect(first).toBeLessThanOrEqual(30)

  const lose = [
    () => sql`update lease set expires_at = now() + interval '1 second' where user_id = ${user.id}`.execute(db),
    // As a crash of the database does.
    () => sql`delete from lease where user_id = ${user.id}`.execute(db),
  ]
  for (const loss of lose) {
    await loss()
    vi.advanceTimersByTime(10_000)
    await vi.waitFor(async () => {
      const [renewed] = await leasesOf(user.id)
      expect(renewed).toBeGreaterThan(15)
    })
  }
  work.end()
  expect(await work.done).toBe('done')
  vi.advanceTimersByTime(60_000)
  expect(await leasesOf(user.id)).toEqual([])
})

test('what a killed process held is free when it is not renewed', async () => {
  const user = await core.user({ planId: 'free' })
  const works = Array.from({ length: 2 }, () => startWork(user.id))
  await Promise.all(works.map(({ started }) => started))
  await sql`update lease set expires_at = clock_timestamp() where user_id = ${user.id}`.execute(db)
  expect(await withLease(services, user.id, async () => 'free')).toBe('free')
  for (const { end } of works) end()
  await Promise.all(works.map(({ done }) => done))
})
