import type { Listener } from '@loqui/db/listen'
import { EngineError } from '@loqui/engines/engine'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createEventFeed } from '../events/feed.ts'
import { newId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import type { GenerationEvent } from './generation.ts'
import { runGeneration } from './run.ts'
import { watchEvents, watchEventsInput, watchGeneration, watchGenerationInput } from './watch.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

const text =
  'The first sentence is spoken alone. The second sentence is not the third.' /** Less the space between them, which is a pause. */
const durationMs = (text.length - 1) * toneMsPerCharacter + 350

async function create(user: TestUser): Promise<string> {
  return rowId(
    (await createGeneration(user.as, createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}` }))).id,
  )
}

const run = (id: string) => runGeneration(services, { generationId: id }, new AbortController().signal)
const never = new AbortController().signal

/** A feed of the test's own, by which it can be seen how many follow. */
function ownFeed(listener: Listener = services.listener) {
  const events = createEventFeed({ db: services.db, listener, log: services.log })
  onTestFinished(() => events.close())
  return { events }
}

/** Collects events until they end or `signal` aborts. */
async function collect(events: AsyncIterable<GenerationEvent>): Promise<GenerationEvent[]> {
  return Array.fromAsync(events)
}

const types = (events: readonly GenerationEvent[]) => events.map(({ type }) => type)

describe('watching a generation', () => {
  test('tells its life from the beginning, as it happens, and ends with it', async () => {
    const user = await core.user()
    const id = await create(user)
    const feed = ownFeed()
    engine.hold()
    const seen: GenerationEvent[] = []
    const watching = (async () => {
      for await (const event of await watchGeneration({ ...user.as, ...feed }, { id }, never)) seen.push(event)
    })()
    await expect.poll(() => types(seen)).toEqual(['queued'])
    const running = run(id)
    await expect.poll(() => types(seen)).toEqual(['queued', 'running'])
    expect(feed.events.followers).toBe(1)
    engine.release()
    await Promise.all([watching, running])
    expect(types(seen)).toEqual(['queued', 'running', 'segment', 'segment', 'succeeded'])
    expect(seen.map(({ state, segments }) => [state, segments.done, segments.total])).toEqual([
      ['queued', 0, 2],
      ['running', 0, 2],
      ['running', 1, 2],
      ['running', 2, 2],
      ['succeeded', 2, 2],
    ])
    expect(seen.flatMap(({ segment }) => segment?.index ?? []).sort()).toEqual([0, 1])
    expect(seen.at(-1)).toMatchObject({ durationMs, chargedMs: durationMs, error: null })
    expect(new Set(seen.map(({ generationId }) => generationId))).toEqual(new Set([`gen_${id}`]))
    expect(feed.events.followers).toBe(0)
  })

  test('from any event on, each of the rest is told once', async () => {
    const user = await core.user()
    const other = await create(user)
    const id = await create(user)
    await run(id)
    await run(other)
    const all = await collect(await watchGeneration(user.as, { id }, never))
    expect(all).toHaveLength(5)
    for (const [index, { id: lastEventId }] of all.entries()) {
      const rest = await collect(
        await watchGeneration(user.as, watchGenerationInput.parse({ id: `gen_${id}`, lastEventId }), never),
      )
      expect(rest).toEqual(all.slice(index + 1))
    }
  })

  test('that ended, by who has seen the end, ends at once', async () => {
    const user = await core.user()
    const id = await create(user)
    await cancelGeneration(user.as, { id })
    const feed = ownFeed()
    const events = await watchGeneration({ ...user.as, ...feed }, { id, lastEventId: 2 }, never)
    expect(await collect(events)).toEqual([])
    expect(feed.events.followers).toBe(0)
  })

  test('past its end, by who names an event there never was, ends with the generation all the same', async () => {
    const user = await core.user()
    const id = await create(user)
    const events = await watchGeneration(user.as, { id, lastEventId: 999_999_999_999_999 }, never)
    const watching = collect(events)
    await cancelGeneration(user.as, { id })
    expect(types(await watching)).toEqual(['canceled'])
  })

  test.for([
    ['canceled', cancelGeneration],
    ['deleted', deleteGeneration],
  ] as const)('ends when it is %s', async ([, end]) => {
    const user = await core.user()
    const id = await create(user)
    const watching = collect(await watchGeneration(user.as, { id }, never))
    await end(user.as, { id })
    expect(types(await watching)).toEqual(['queued', 'canceled'])
  })

  test('ends when it failed, and says why', async () => {
    const user = await core.user()
    const id = await create(user)
    const watching = collect(await watchGeneration(user.as, { id }, never))
    engine.fail('first', new EngineError('no', { retryable: false }))
    await run(id)
    expect(core.alarms.splice(0)).toHaveLength(1)
    expect((await watching).at(-1)).toMatchObject({
      type: 'failed',
      chargedMs: 0,
      error: { reason: 'engine_failed', message: expect.stringContaining('Nothing was charged') },
    })
  })

  test('of somebody else’s, or one that never was, is not found', async () => {
    const [owner, other] = [await core.user(), await core.user()]
    const id = await create(owner)
    for (const foreign of [id, newId()]) {
      expect(await refusal(watchGeneration(other.as, { id: foreign }, never))).toMatchObject({
        reason: 'generation_not_found',
      })
    }
    const blind = await owner.withKey(['generations:write'])
    expect(await refusal(watchGeneration(blind, { id }, never))).toMatchObject({ reason: 'scope_missing' })
  })

  test('misses nothing while other generations of the same person run', async () => {
    const user = await core.user({ planId: 'unlimited' })
    core.work()
    const ids = await Promise.all(Array.from({ length: 6 }, () => create(user)))
    const lives = await Promise.all(ids.map(async (id) => collect(await watchGeneration(user.as, { id }, never))))
    for (const life of lives) expect(types(life)).toEqual(['queued', 'running', 'segment', 'segment', 'succeeded'])
  })
})

describe('watching everything', () => {
  test('tells what happens from now on, in the order it was committed', async () => {
    const user = await core.user({ planId: 'unlimited' })
    await create(user)
    const stop = new AbortController()
    const seen: GenerationEvent[] = []
    const events = await watchEvents(user.as, {}, stop.signal)
    const watching = (async () => {
      for await (const event of events) seen.push(event)
    })()
    const ids = await Promise.all(Array.from({ length: 4 }, () => create(user)))
    await Promise.all(ids.map(run))
    await expect.poll(() => seen.length).toBe(4 * 5)
    stop.abort()
    await watching
    expect(seen.map(({ id }) => Number(id))).toEqual(Array.from({ length: 20 }, (_, index) => index + 2))
    expect(new Set(seen.map(({ generationId }) => generationId))).toEqual(new Set(ids.map((id) => `gen_${id}`)))
  })

  test('after an event, tells all that came since, however much it is', async () => {
    const user = await core.user({ planId: 'unlimited' })
    await Promise.all(Array.from({ length: 250 }, () => create(user)))
    const stop = new AbortController()
    const seen: string[] = []
    for await (const { id } of await watchEvents(user.as, watchEventsInput.parse({ lastEventId: '10' }), stop.signal)) {
      seen.push(id)
      if (seen.length === 240) stop.abort()
    }
    expect(seen).toEqual(Array.from({ length: 240 }, (_, index) => String(index + 11)))
  })

  test('tells nobody of what is somebody else’s', async () => {
    const [mine, yours] = [await core.user(), await core.user()]
    const stop = new AbortController()
    const seen: GenerationEvent[] = []
    const events = await watchEvents(mine.as, {}, stop.signal)
    const watching = (async () => {
      for await (const event of events) seen.push(event)
    })()
    await create(yours)
    const id = await create(mine)
    await create(yours)
    await cancelGeneration(mine.as, { id })
    await expect.poll(() => types(seen)).toEqual(['queued', 'canceled'])
    stop.abort()
    await watching
    expect(new Set(seen.map(({ generationId }) => generationId))).toEqual(new Set([`gen_${id}`]))
  })

  test.for(['before it begins', 'while it waits'])('aborted %s ends and leaves no listener', async (when) => {
    const user = await core.user()
    const feed = ownFeed()
    const stop = new AbortController()
    if (when === 'before it begins') stop.abort()
    const watching = collect(await watchEvents({ ...user.as, ...feed }, {}, stop.signal))
    if (when === 'while it waits') {
      await expect.poll(() => feed.events.followers).toBe(1)
      stop.abort()
    }
    expect(await watching).toEqual([])
    expect(feed.events.followers).toBe(0)
  })

  test('left by its reader leaves no listener', async () => {
    const user = await core.user()
    const feed = ownFeed()
    await create(user)
    for await (const { type } of await watchEvents({ ...user.as, ...feed }, { lastEventId: 0 }, never)) {
      expect(type).toBe('queued')
      expect(feed.events.followers).toBe(1)
      break
    }
    expect(feed.events.followers).toBe(0)
  })

  test('goes on by itself where hints are lost', async () => {
    const user = await core.user()
    const deaf: Listener = { on: () => () => undefined, close: async () => undefined }
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const events = (await watchEvents({ ...user.as, ...ownFeed(deaf) }, {}, stop.signal))[Symbol.asyncIterator]()
    const first = events.next()
    await create(user)
    // No hint reaches it: the poll does, within 3 s.
    expect((await first).value).toMatchObject({ type: 'queued' })
  })
})

describe('an event to go on after', () => {
  test.for(['', ' ', '-1', '1.5', '1e3', 'abc', '9999999999999999', '1\n', '１'])(
    '%j is refused by its name',
    (lastEventId) => {
      const { error } = watchEventsInput.safeParse({ lastEventId })
      expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['lastEventId'])
    },
  )

  test.for([undefined, null])('%s is none', (lastEventId) => {
    expect(watchEventsInput.parse({ lastEventId }).lastEventId ?? null).toBeNull()
  })
})
