import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { revokeConsent } from '../consents/revoke.ts'
import { rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { oneSlot } from '../testing/one-slot.ts'
import { consentOf, giveConsent, giveVoice } from '../testing/samples.ts'
import { currentUsage } from '../usage/current.ts'
import { createVoice, createVoiceInput } from '../voices/create.ts'
import { deleteVoice } from '../voices/delete.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import { getGeneration } from './get.ts'
import { runGeneration } from './run.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db, storage } = services
const low = await core.voiceId('low')
const high = await core.voiceId('high')

beforeEach(() => engine.reset())

const sentences = ['The first sentence is spoken alone.', 'The second sentence is not the third.'] as const
const text = sentences.join(' ')

async function create(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}) {
  const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}`, ...own })
  return rowId((await createGeneration(user.as, input)).id)
}

const signal = () => new AbortController().signal
const run = (id: string) => runGeneration(services, { generationId: id }, signal())

async function speak(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}) {
  const id = await create(user, own)
  await run(id)
  return row(id)
}

const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const segments = (id: string) =>
  db.selectFrom('segment').selectAll().where('generation_id', '=', id).orderBy('index').execute()
const audioOf = async (key: string | null) => buffer(await storage.read(key!))
const held = async (userId: string) =>
  Number(
    (await db.selectFrom('cost_month').select('held_micros').where('user_id', '=', userId).executeTakeFirst())
      ?.held_micros ?? 0,
  )

describe('a segment that was spoken before', () => {
  test('is not spoken again: its audio is copied, charged as delivered, and the engine is not paid', async () => {
    const user = await core.user()
    const first = await speak(user)
    const second = await speak(user)
    expect(engine.spoken).toHaveLength(2)
    expect(second).toMatchObject({
      state: 'succeeded',
      segments_cached: 2,
      duration_ms: first.duration_ms,
      charged_ms: first.duration_ms,
      actual_cost_micros: 0,
      cost_held_micros: 0,
    })
    expect(first.actual_cost_micros).toBe(14)
    expect((await audioOf(second.audio_key)).equals(await audioOf(first.audio_key))).toBe(true)
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 2 * first.duration_ms!, reservedMs: 0 })
    expect(await getGeneration(user.as, { id: second.id })).toMatchObject({
      segments: { total: 2, done: 2, cached: 2 },
    })
    const keys = (await segments(second.id)).map(({ audio_key }) => audio_key!)
    expect(await core.objects(second.id)).toEqual([second.audio_key!, ...keys].sort())
  })

  test('answers within its own text, and is not waited for', async () => {
    const user = await core.user()
    const twice = { text: `${sentences[0]}\n\n${sentences[0]}` }
    const one = await create(user, twice)
    await runGeneration({ ...services, segmentSlots: oneSlot() }, { generationId: one }, signal())
    expect(await row(one)).toMatchObject({ segments_total: 2, segments_cached: 1, actual_cost_micros: 7 })

    engine.reset()
    engine.hold()
    const both = [await create(user, { ...twice, seed: 7 }), await create(user, { text: sentences[0], seed: 7 })]
    const running = both.map(run)
    // Of one seed the two segments of a text have seeds of their own; the other text begins as the first does.
    await expect.poll(() => engine.held).toHaveLength(3)
    engine.release()
    await Promise.all(running)
    for (const id of both) expect(await row(id)).toMatchObject({ state: 'succeeded', segments_cached: 0 })
  })

  test('answers in other texts, too', async () => {
    const user = await core.user()
    await speak(user, { text: sentences[0] })
    engine.reset()
    const { segments_cached } = await speak(user)
    expect({ segments_cached, spoken: engine.spoken }).toEqual({ segments_cached: 1, spoken: [sentences[1]] })
  })

  test('releases what was held of the budgets for it at once', async () => {
    const user = await core.user()
    await speak(user, { text: sentences[0] })
    engine.hold()
    const id = await create(user)
    expect(await held(user.id)).toBe(engine.price(sentences[0]) + engine.price(sentences[1]))
    const running = runGeneration({ ...services, segmentSlots: oneSlot() }, { generationId: id }, signal())
    await expect.poll(async () => (await row(id)).segments_cached).toBe(1)
    expect(await held(user.id)).toBe(engine.price(sentences[1]))
    engine.release()
    await running
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 7 })
    expect(await held(user.id)).toBe(0)
  })

  test('outlives the generation it was spoken for', async () => {
    const user = await core.user()
    const first = await speak(user)
    const second = await speak(user)
    await deleteGeneration(user.as, { id: first.id })
    expect(await core.objects(first.id)).toEqual([])
    const audio = await audioOf(second.audio_key)
    expect(createHash('sha256').update(audio).digest('hex')).toBe(second.audio_sha256)
    const third = await speak(user)
    expect(third.segments_cached).toBe(2)
    expect(engine.spoken).toHaveLength(2)
  })
})

describe('it is spoken', () => {
  test.for([
    ['by another voice', { voiceId: `voi_${high}` }],
    ['at another pace', { settings: { speed: 2 } }],
    ['with a seed', { seed: 7 }],
    ['with the wish that it be', { cache: false }],
  ] as const)('%s', async ([, own]) => {
    const user = await core.user()
    await speak(user)
    expect((await speak(user, own)).segments_cached).toBe(0)
    expect(engine.spoken).toHaveLength(4)
  })

  test('for somebody else', async () => {
    await speak(await core.user())
    expect((await speak(await core.user())).segments_cached).toBe(0)
  })

  test.for([
    ['gone', (key: string) => storage.remove([key])],
    ['not what it was', (key: string) => storage.put(key, Buffer.from('noise'))],
  ] as const)('where its audio is %s', async ([, spoil]) => {
    const user = await core.user()
    const first = await speak(user)
    const [spoiled] = await segments(first.id)
    await spoil(spoiled!.audio_key!)
    const second = await speak(user)
    expect(second).toMatchObject({ state: 'succeeded', segments_cached: 1, actual_cost_micros: 7 })
    expect(engine.spoken).toHaveLength(3)
  })

  test('when nothing is left of what it was spoken for', async () => {
    const user = await core.user()
    const first = await speak(user)
    await deleteGeneration(user.as, { id: first.id })
    expect((await speak(user)).segments_cached).toBe(0)
  })
})

test('the same seed answers again', async () => {
  const user = await core.user()
  await speak(user, { seed: 7 })
  expect((await speak(user, { seed: 7 })).segments_cached).toBe(2)
})

test('a cloned voice answers as long as it may speak, and never for another one', async () => {
  const user = await core.user()
  const voice = await giveVoice(user.as)
  await speak(user, { voiceId: voice.id })
  expect((await speak(user, { voiceId: voice.id })).segments_cached).toBe(2)

  // Of the same samples, and known to the engine by the same name.
  const consentId = await giveConsent(user.as, voice.sampleIds)
  const like = await createVoice(
    user.as,
    createVoiceInput.parse({ name: 'Another', sampleIds: voice.sampleIds, consentId }),
  )
  await deleteVoice(user.as, { id: rowId(voice.id) })
  expect((await speak(user, { voiceId: like.id })).segments_cached).toBe(0)

  const id = await create(user, { voiceId: like.id })
  await revokeConsent(user.as, { id: consentOf(like) })
  await run(id)
  expect(await row(id)).toMatchObject({ state: 'canceled', segments_done: 0 })
})

test('a worker that was killed between copying and storing leaves no trace in what the next one makes', async () => {
  const user = await core.user()
  await speak(user, { text: sentences[0] })
  const id = await create(user)
  // Its first attempt announced the segment and put the copy, and died.
  const attempt = '01890000-0000-7000-8000-000000000000'
  await services.transitions.claim(id, attempt)
  const copy = `generations/${id}/${attempt}/0.pcm`
  await storage.put(copy, Buffer.alloc(10))
  await run(id)
  const done = await row(id)
  expect(done).toMatchObject({ state: 'succeeded', attempts: 2, segments_cached: 1 })
  expect(await core.objects(id)).not.toContain(copy)
  expect(engine.spoken.filter((each) => each === sentences[0])).toHaveLength(1)
})

test('a broken promise about it is found', async () => {
  const user = await core.user()
  const { id } = await speak(user)
  await sql`update generation set segments_cached = 1 where id = ${id}`.execute(db)
  const { rows } = await sql`select invariant, detail from report.violations()`.execute(db)
  expect(rows).toEqual([{ invariant: 5, detail: '0 segments came from the cache, row says 1' }])
  await sql`update generation set segments_cached = 0 where id = ${id}`.execute(db)
})
