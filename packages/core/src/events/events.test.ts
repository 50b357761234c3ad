import { openListener } from '@loqui/db/listen'
import { openProxy } from '@loqui/db/testing/proxy'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { watchEvents, watchGeneration } from '../generations/watch.ts'
import { type LibraryEvent, watchLibrary } from '../library/watch.ts'
import { adjustQuota } from '../quota/adjust.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { watchUsage } from '../usage/watch.ts'
import { updateVoice } from '../voices/update.ts'
import { appendEvent } from './append.ts'
import { createEventFeed } from './feed.ts'
import { sweepEvents } from './sweep.ts'

const core = await testCore([createToneEngine()])
const { db } = core.services
const low = await core.voiceId('low')

function until(): AbortSignal {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  return stop.signal
}

const create = (user: TestUser) =>
  createGeneration(user.as, createGenerationInput.parse({ text: 'Hello.', format: 'pcm', voiceId: `voi_${low}` }))

/** Makes all events there are so many days older. */
const age = (userId: string, days: number) =>
  sql`update event set created_at = created_at - make_interval(days => ${days}) where user_id = ${userId}`.execute(db)

test('what changes the library is told to who follows it, and to nobody who follows generations', async () => {
  const user = await core.user()
  const signal = until()
  const library = (await watchLibrary(user.as, {}, signal))[Symbol.asyncIterator]()
  const generations = (await watchEvents(user.as, {}, signal))[Symbol.asyncIterator]()
  const told = library.next()
  const queued = generations.next()
  await updateVoice(user.as, { id: low, aliases: ['mine'] })
  const { id } = await create(user)
  expect((await told).value).toMatchObject({ type: 'voice.updated', subjectId: `voi_${low}`, id: '1' })
  expect((await queued).value).toMatchObject({ type: 'queued', generationId: id, id: '2' })
})

test('what changed the library since an event is told to who comes back', async () => {
  const user = await core.user()
  for (const alias of ['one', 'two', 'three']) await updateVoice(user.as, { id: low, aliases: [alias] })
  await create(user)
  await updateVoice(user.as, { id: low, aliases: [] })
  const seen: LibraryEvent[] = []
  for await (const event of await watchLibrary(user.as, { lastEventId: 1 }, until())) {
    seen.push(event)
    if (seen.length === 3) break
  }
  expect(seen.map(({ id }) => id)).toEqual(['2', '3', '5'])
})

test('usage is told as it is, and after whatever changes it', async () => {
  const [user, admin] = [await core.user(), await core.user({ role: 'admin' })]
  const changes = (await watchUsage(user.as, {}, until()))[Symbol.asyncIterator]()
  expect((await changes.next()).value).toMatchObject({ id: '0', usage: { reservedMs: 0 } })
  const held = changes.next()
  const { reservedMs } = await create(user)
  expect((await held).value).toMatchObject({ id: '1', usage: { reservedMs } })
  const granted = changes.next()
  await adjustQuota(admin.as, { userId: user.id, ms: 5_000, note: 'a present' })
  expect((await granted).value).toMatchObject({ id: '2', usage: { adjustedMs: 5_000 } })
})

test('who has seen the last change of usage is told of the next one only', async () => {
  const user = await core.user()
  await create(user)
  const changes = (await watchUsage(user.as, { lastEventId: 1 }, until()))[Symbol.asyncIterator]()
  const next = changes.next()
  await create(user)
  expect((await next).value).toMatchObject({ id: '2' })
})

test('who goes on after an event that is kept no more, and misses some, is told so', async () => {
  const user = await core.user()
  const { id } = await create(user)
  await create(user)
  await age(user.id, 29)
  expect(await sweepEvents(core.services)).toBe(0)
  await age(user.id, 2)
  await create(user)
  expect(await sweepEvents(core.services)).toBe(2)

  const signal = until()
  for (const watch of [
    () => watchEvents(user.as, { lastEventId: 1 }, signal),
    () => watchGeneration(user.as, { id: rowId(id), lastEventId: 1 }, signal),
    () => watchLibrary(user.as, { lastEventId: 1 }, signal),
    () => watchUsage(user.as, { lastEventId: 1 }, signal),
  ]) {
    expect(await refusal(watch())).toMatchObject({
      reason: 'events_expired',
      message: expect.stringContaining('lastEventId'),
    })
  }
  for (const lastEventId of [0, 2]) {
    const events = (await watchEvents(user.as, { lastEventId }, signal))[Symbol.asyncIterator]()
    expect((await events.next()).value).toMatchObject({ id: '3', type: 'queued' })
  }
})

test('who fell behind together is told all of it, read once for all of them', async () => {
  const user = await core.user()
  const count = 200
  await sql`
    select event_append_beside(${user.id}, 'voice.updated', ${low}) from generate_series(1, ${count}::int)
  `.execute(db)
  let queries = 0
  const counted = db.withPlugin({
    transformQuery({ node }) {
      if (node.kind === 'SelectQueryNode') queries++
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const { listener, log } = core.services
  const feed = createEventFeed({ db: counted, listener, log })
  onTestFinished(() => feed.close())
  const signal = until()
  const follow = async () => {
    const seen: number[] = []
    const following = { userId: user.id, topic: { kind: 'library' }, after: 0, last: count } as const
    for await (const { seq } of feed.follow(following, signal, (row) => row)) {
      seen.push(seq)
      if (seen.length === count) break
    }
    return seen
  }
  const all = Array.from({ length: count }, (_, index) => index + 1)
  for (const seen of await Promise.all(Array.from({ length: 100 }, follow))) expect(seen).toEqual(all)
  // Alone one reads sixteen at a time.
  expect(queries).toBeLessThanOrEqual(2 * Math.ceil(count / 16))
})

test('numbers of one user go on when all of its events are forgotten', async () => {
  const user = await core.user()
  await create(user)
  await age(user.id, 31)
  await sweepEvents(core.services)
  const events = (await watchEvents(user.as, {}, until()))[Symbol.asyncIterator]()
  const next = events.next()
  await create(user)
  expect((await next).value).toMatchObject({ id: '2' })
})

test('two who write at the same time are read in the order they commit', async () => {
  const user = await core.user()
  const library = (await watchLibrary(user.as, {}, until()))[Symbol.asyncIterator]()
  const seen: string[] = []
  const reading = (async () => {
    while (seen.length < 20) seen.push(String((await library.next()).value?.id))
  })()
  await Promise.all(
    Array.from({ length: 20 }, () =>
      db.transaction().execute((trx) => appendEvent(trx, user.id, 'voice.updated', low)),
    ),
  )
  core.services.hints.hint('events', user.id)
  await reading
  expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 1)))
})

test('while no hint gets through, since the connection that listens is dead without a word, each event comes once all the same', {
  timeout: 30_000,
}, async () => {
  const user = await core.user()
  await using proxy = await openProxy(core.connectionString)
  const listener = await openListener(proxy.connectionString, () => undefined)
  onTestFinished(() => listener.close())
  const feed = createEventFeed({ db, listener, log: core.services.log })
  onTestFinished(() => feed.close())
  const watching = await watchEvents({ ...user.as, events: feed }, {}, until())
  const events = watching[Symbol.asyncIterator]()
  const next = async () => (await events.next()).value?.id
  const first = next()
  await create(user)
  expect(await first).toBe('1')
  proxy.stall()
  const rest = next()
  for (let made = 0; made < 3; made++) await create(user)
  expect([await rest, await next(), await next()]).toEqual(['2', '3', '4'])
})
