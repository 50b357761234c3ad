import { beforeEach, describe, expect, test, vi } from 'vitest'
import { newId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { currentUsage } from '../usage/current.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { runGeneration } from './run.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db } = services
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

async function create(user: TestUser): Promise<string> {
  const text = 'The first sentence is spoken alone. The second sentence is not the third.'
  return rowId(
    (await createGeneration(user.as, createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}` }))).id,
  )
}

const run = (id: string) => runGeneration(services, { generationId: id }, new AbortController().signal)

async function resolutions(id: string) {
  const rows = await db
    .selectFrom('quota_entry')
    .select(['kind', 'ms'])
    .where('generation_id', '=', id)
    .where('kind', '<>', 'reserve')
    .execute()
  return rows.map(({ kind }) => kind)
}

async function eventTypes(id: string): Promise<string[]> {
  const rows = await db.selectFrom('event').select('type').where('generation_id', '=', id).orderBy('seq').execute()
  return rows.map(({ type }) => type)
}

describe('canceling', () => {
  test('what waits releases all it held, and its job finds nothing to do', async () => {
    const user = await core.user()
    const id = await create(user)
    const canceled = await cancelGeneration(user.as, { id })
    expect(canceled).toMatchObject({
      state: 'canceled',
      chargedMs: 0,
      durationMs: null,
      error: null,
      finishedAt: expect.any(String),
    })
    expect(await resolutions(id)).toEqual(['release'])
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, reservedMs: 0 })
    await run(id)
    expect(engine.spoken).toEqual([])
    expect(await eventTypes(id)).toEqual(['queued', 'canceled'])
  })

  test('what runs aborts its engine calls at once, and leaves no object', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const running = run(id)
    await expect.poll(() => engine.held.length).toBe(2)
    const started = performance.now()
    await cancelGeneration(user.as, { id })
    await running
    // Long before the lease would be renewed, at 3 s: by the hint.
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(engine.aborted).toHaveLength(2)
    expect(await core.objects(id)).toEqual([])
    expect(await eventTypes(id)).toEqual(['queued', 'running', 'canceled'])
    expect(await resolutions(id)).toEqual(['release'])
  })

  test('what runs ends it even when the hint is lost', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const running = run(id)
    await expect.poll(() => engine.held.length).toBe(2)
    await cancelGeneration({ ...user.as, hints: { hint: () => undefined, flush: async () => undefined } }, { id })
    await running
    expect(engine.aborted).toHaveLength(2)
  })

  test('what has stored segments removes them', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const running = run(id)
    await expect.poll(() => engine.held.length).toBe(2)
    engine.release()
    await vi.waitFor(async () => expect((await core.objects(id)).length).toBeGreaterThan(0), { interval: 1 })
    const { state } = await cancelGeneration(user.as, { id })
    await running
    expect(['canceled', 'succeeded']).toContain(state)
    if (state === 'canceled') expect(await core.objects(id)).toEqual([])
  })

  test('what is being joined does not end the process, whether or not the store reads already', async () => {
    for (const reads of [false, true]) {
      const user = await core.user()
      const id = await create(user)
      const storage: typeof services.storage = {
        ...services.storage,
        async put(key, body, options) {
          if (!key.endsWith('audio.pcm')) return services.storage.put(key, body, options)
          const put = () => services.storage.put(key, body, options)
          const cancel = async () => {
            await cancelGeneration(user.as, { id })
            await expect.poll(() => options?.signal?.aborted).toBe(true)
          }
          if (!reads) {
            await cancel()
            return put()
          }
          const [stored] = await Promise.allSettled([put(), cancel()])
          if (stored.status === 'rejected') throw stored.reason
          return stored.value
        },
      }
      await runGeneration({ ...services, storage }, { generationId: id }, new AbortController().signal)
      expect(await core.objects(id)).toEqual([])
    }
  })

  test('again, or what has ended, changes nothing and says how it ended', async () => {
    const user = await core.user()
    const [canceled, done] = [await create(user), await create(user)]
    await run(done)
    const [first, finished] = [
      await cancelGeneration(user.as, { id: canceled }),
      await cancelGeneration(user.as, { id: done }),
    ]
    expect(finished).toMatchObject({ state: 'succeeded', chargedMs: expect.any(Number) })
    expect(await cancelGeneration(user.as, { id: canceled })).toEqual(first)
    expect(await resolutions(canceled)).toEqual(['release'])
    expect(await resolutions(done)).toEqual(['settle'])
    expect(await core.objects(done)).toHaveLength(3)
  })

  test('by twenty at once releases once, and all of them are told', async () => {
    const user = await core.user()
    const id = await create(user)
    const answers = await Promise.all(Array.from({ length: 20 }, () => cancelGeneration(user.as, { id })))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(await resolutions(id)).toEqual(['release'])
    expect(await eventTypes(id)).toEqual(['queued', 'canceled'])
  })

  test('what is somebody else’s, or nobody’s, is not found and changes nothing', async () => {
    const [owner, other] = [await core.user(), await core.user()]
    const id = await create(owner)
    for (const foreign of [id, newId()]) {
      const refused = await refusal(cancelGeneration(other.as, { id: foreign }))
      expect(refused).toMatchObject({ reason: 'generation_not_found', message: 'id: there is no such generation.' })
    }
    expect(await eventTypes(id)).toEqual(['queued'])
  })

  test('needs the scope to write', async () => {
    const user = await core.user()
    const id = await create(user)
    const reader = await user.withKey(['generations:read'])
    expect(await refusal(cancelGeneration(reader, { id }))).toMatchObject({ reason: 'scope_missing' })
    await cancelGeneration(await user.withKey(['generations:write']), { id })
  })
})

test('of a cancel and a settlement that race exactly one wins, and the ledger says which', {
  timeout: 60_000,
}, async () => {
  const user = await core.user({ planId: 'unlimited' })
  const rounds = 40
  const wins = { succeeded: 0, canceled: 0 }
  for (let round = 0; round < rounds; round++) {
    const id = await create(user)
    // When the store takes the joined audio, the settlement is next: from there the cancel tries its luck.
    let canceling: Promise<unknown> = Promise.resolve()
    const storage: typeof services.storage = {
      ...services.storage,
      async put(key, body, options) {
        const stored = await services.storage.put(key, body, options)
        if (key.endsWith('audio.pcm')) {
          canceling = new Promise((resolve) => setTimeout(resolve, round % 8)).then(() =>
            cancelGeneration(user.as, { id }),
          )
        }
        return stored
      },
    }
    await runGeneration({ ...services, storage }, { generationId: id }, new AbortController().signal)
    await canceling
    const row = await db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    const state = row.state === 'succeeded' ? 'succeeded' : 'canceled'
    wins[state]++
    expect(await resolutions(id)).toEqual([state === 'succeeded' ? 'settle' : 'release'])
    expect((await eventTypes(id)).filter((type) => type === 'succeeded' || type === 'canceled')).toEqual([state])
    const objects = await core.objects(id)
    if (state === 'succeeded') expect(objects).toContain(row.audio_key)
    else expect(objects).toEqual([])
  }
  expect(wins.succeeded + wins.canceled).toBe(rounds)
})
