import { buffer } from 'node:stream/consumers'
import { EngineError } from '@loqui/engines/engine'
import { beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { revokeConsent } from '../consents/revoke.ts'
import { createPronunciation, createPronunciationInput } from '../pronunciations/create.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { consentOf, giveVoice } from '../testing/samples.ts'
import { deleteVoice } from '../voices/delete.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import { listGenerations, listGenerationsInput } from './list.ts'
import { retakeGeneration, retakeGenerationInput } from './retake.ts'
import { runGeneration } from './run.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db, storage } = services
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

const sentences = [
  'The first sentence is spoken alone.',
  'The second sentence is not the third.',
  'The third one ends it all.',
]
const text = sentences.join(' ')

const run = (id: string) => runGeneration(services, { generationId: id }, new AbortController().signal)

async function create(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}) {
  const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}`, ...own })
  return rowId((await createGeneration(user.as, input)).id)
}

/** One that has been spoken. */
async function spoken(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}) {
  const id = await create(user, own)
  await run(id)
  engine.reset()
  return row(id)
}

type Retake = Omit<z.input<typeof retakeGenerationInput>, 'id'>

const retake = (user: TestUser, id: string, own: Retake = {}, key?: string) =>
  retakeGeneration(
    user.as,
    retakeGenerationInput.parse({ id: `gen_${id}`, ...own }),
    key ? { idempotencyKey: key } : {},
  )

/** Another take, spoken. */
async function take(user: TestUser, id: string, own: Retake = {}) {
  const taken = rowId((await retake(user, id, own)).id)
  await run(taken)
  return row(taken)
}

const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const segments = (id: string) =>
  db.selectFrom('segment').selectAll().where('generation_id', '=', id).orderBy('index').execute()

describe('another take of the whole', () => {
  test('is spoken anew with another seed, made and called as the first, which stays', async () => {
    const user = await core.user()
    const first = await spoken(user, { title: 'A title', settings: { speed: 1.5 }, format: 'wav', loudness: -20 })
    const answer = await retake(user, first.id)
    expect(answer).toMatchObject({
      state: 'queued',
      takeOf: `gen_${first.id}`,
      text,
      title: 'A title',
      format: 'wav',
      loudness: -20,
      settings: { speed: 1.5 },
      seed: expect.any(Number),
    })
    await run(rowId(answer.id))
    expect([...engine.spoken].sort()).toEqual([...sentences].sort())
    expect(await row(rowId(answer.id))).toMatchObject({
      state: 'succeeded',
      segments_cached: 0,
      charged_ms: first.duration_ms,
      actual_cost_micros: 21,
    })
    expect(await row(first.id)).toEqual(first)
  })

  test('takes the seed and the settings that are asked for, and has the others from the first', async () => {
    const user = await core.user()
    const first = await spoken(user, { settings: { speed: 1.5, pitch: 2 } })
    expect(await retake(user, first.id, { seed: 7, settings: { speed: 2 } })).toMatchObject({
      seed: 7,
      settings: { speed: 2, pitch: 2 },
    })
  })

  test('has no seed where its engine takes none, and is spoken all the same', async () => {
    const user = await core.user()
    const { id } = await spoken(user)
    const check = ({ seed }: { seed?: number | undefined }) =>
      seed === undefined ? null : ({ field: 'seed', message: 'it takes none.' } as const)
    const seedless = { ...user.as, engines: new Map([[engine.id, { ...engine, check }]]) }
    const answer = await retakeGeneration(seedless, retakeGenerationInput.parse({ id: `gen_${id}` }))
    expect(answer.seed).toBeNull()
    await run(rowId(answer.id))
    expect(engine.spoken).toHaveLength(3)
  })

  test('of one that failed or was canceled tries it a second time, with what is still there', async () => {
    const user = await core.user()
    const failing = await create(user, { seed: 7 })
    engine.fail('second', new EngineError('never', { retryable: false }))
    await run(failing)
    core.alarms.splice(0)
    expect(await row(failing)).toMatchObject({ state: 'failed', charged_ms: 0 })
    engine.reset()
    expect(await take(user, failing)).toMatchObject({ state: 'succeeded', seed: 7, take_of: failing })

    const canceled = await create(user)
    await cancelGeneration(user.as, { id: canceled })
    expect(await take(user, canceled)).toMatchObject({ state: 'succeeded', seed: null })
  })
})

describe('another take of some segments', () => {
  test('speaks these and copies the others, and holds and pays the engine’s price for these alone', async () => {
    const user = await core.user()
    const first = await spoken(user)
    const answer = await retake(user, first.id, { segments: [1] })
    expect(answer).toMatchObject({
      segments: { total: 3, done: 0, cached: 0 },
      cost: { predictedMicros: engine.price(sentences[1]!) },
      estimatedMs: first.duration_ms,
    })
    const second = rowId(answer.id)
    expect((await row(second)).cost_held_micros).toBe(engine.price(sentences[1]!))
    await run(second)
    expect(engine.spoken).toEqual([sentences[1]])
    expect(await row(second)).toMatchObject({
      state: 'succeeded',
      segments_cached: 2,
      duration_ms: first.duration_ms,
      charged_ms: first.duration_ms,
      actual_cost_micros: 7,
      cost_held_micros: 0,
    })
    const [before, after] = [await segments(first.id), await segments(second)]
    for (const index of [0, 2]) {
      expect(after[index]).toMatchObject({ cached: true, audio_sha256: before[index]!.audio_sha256 })
      expect(after[index]!.audio_key).not.toBe(before[index]!.audio_key)
    }
    expect(after[1]).toMatchObject({ cached: false })
  })

  test('keeps the others as they are where these are spoken otherwise', async () => {
    const user = await core.user()
    const { id } = await spoken(user, { settings: { speed: 0.5 } })
    const third = await take(user, id, { segments: [0, 2, 2], settings: { speed: 4 }, seed: 7 })
    expect(third).toMatchObject({ state: 'succeeded', segments_cached: 1, spoken_anew: [0, 2] })
    expect(third.charged_ms).toBe(third.duration_ms)
  })

  test('can be taken of a take, and all of them are takes of the first', async () => {
    const user = await core.user()
    const first = await spoken(user)
    const second = await take(user, first.id, { segments: [0] })
    const third = await take(user, second.id, { segments: [2] })
    expect(third).toMatchObject({ state: 'succeeded', take_of: first.id, kept_from: second.id })
    // What the second take spoke is kept by the third.
    const [own] = await segments(second.id)
    expect((await segments(third.id))[0]).toMatchObject({ content_hash: own!.content_hash, cached: true })
    await spoken(user, { text: 'Something else.' })
    const input = listGenerationsInput.parse({ takeOf: `gen_${first.id}` })
    const { items } = await listGenerations(user.as, input)
    expect(items.map(({ id }) => rowId(id))).toEqual([third.id, second.id, first.id])
    expect((await listGenerations((await core.user()).as, input)).items).toEqual([])
  })

  test('minds no word that has become longer in what is kept, and refuses it in what is not', async () => {
    const user = await core.user()
    const { id } = await spoken(user)
    await createPronunciation(
      user.as,
      createPronunciationInput.parse({ phrase: 'first', replacement: 'very first of all' }),
    )
    expect(await take(user, id, { segments: [2] })).toMatchObject({ state: 'succeeded', segments_cached: 2 })
    expect(await refusal(retake(user, id, { segments: [0] }))).toMatchObject({
      reason: 'invalid_input',
      issues: [{ field: 'segments', message: expect.stringContaining('segment 0 is too long') }],
    })
  })

  test('speaks what was to be kept and is gone, and has the budgets cover it', async () => {
    const user = await core.user()
    const first = await spoken(user)
    const [, second] = await segments(first.id)
    await storage.remove([second!.audio_key!])
    expect(await take(user, first.id, { segments: [0] })).toMatchObject({
      state: 'succeeded',
      segments_cached: 1,
      actual_cost_micros: 14,
      cost_held_micros: 0,
    })
    expect([...engine.spoken].sort()).toEqual(sentences.slice(0, 2))
  })

  test('speaks all of it when the first is deleted before it begins', async () => {
    const user = await core.user()
    const first = await spoken(user)
    const { id } = await retake(user, first.id, { segments: [0] })
    await deleteGeneration(user.as, { id: first.id })
    await run(rowId(id))
    expect(await row(rowId(id))).toMatchObject({ state: 'succeeded', segments_cached: 0, actual_cost_micros: 21 })
  })

  test('outlives the first, whose deletion leaves it whole', async () => {
    const user = await core.user()
    const first = await spoken(user)
    const second = await take(user, first.id, { segments: [1] })
    await deleteGeneration(user.as, { id: first.id })
    for (const { audio_key, audio_bytes } of await segments(second.id)) {
      expect((await buffer(await storage.read(audio_key!))).length).toBe(audio_bytes)
    }
    expect(await core.objects(first.id)).toEqual([])
  })

  test('is refused where there are no such segments, and where nothing is there to be kept', async () => {
    const user = await core.user()
    const { id } = await spoken(user)
    expect(await refusal(retake(user, id, { segments: [1, 3] }))).toMatchObject({
      reason: 'invalid_input',
      issues: [{ field: 'segments', message: 'there is no segment 3: it has those from 0 to 2.' }],
    })
    const waiting = await create(user)
    expect(await refusal(retake(user, waiting, { segments: [0] }))).toMatchObject({ reason: 'audio_not_ready' })
    await cancelGeneration(user.as, { id: waiting })
    expect(await refusal(retake(user, waiting, { segments: [0] }))).toMatchObject({ reason: 'audio_not_ready' })
  })
})

describe('a take is refused for what would refuse a new generation', () => {
  test('what is deleted, or somebody else’s', async () => {
    const user = await core.user()
    const { id } = await spoken(user)
    expect(await refusal(retake(await core.user(), id))).toMatchObject({ reason: 'generation_not_found' })
    await deleteGeneration(user.as, { id })
    expect(await refusal(retake(user, id))).toMatchObject({ reason: 'generation_not_found' })
  })

  test('a voice that is gone, or may not speak any more', async () => {
    const user = await core.user()
    const [revoked, deleted] = [await giveVoice(user.as), await giveVoice(user.as)]
    const first = await spoken(user, { voiceId: revoked.id })
    const second = await spoken(user, { voiceId: deleted.id })
    await revokeConsent(user.as, { id: consentOf(revoked) })
    await deleteVoice(user.as, { id: rowId(deleted.id) })
    expect(await refusal(retake(user, first.id, { segments: [0] }))).toMatchObject({ reason: 'consent_required' })
    expect(await refusal(retake(user, second.id, { segments: [0] }))).toMatchObject({ reason: 'voice_not_found' })
  })

  test('a key without the scope, settings its engine does not take, and more than is left', async () => {
    const user = await core.user()
    const { id } = await spoken(user)
    const input = retakeGenerationInput.parse({ id: `gen_${id}` })
    const reader = await user.withKey(['generations:read'])
    expect(await refusal(retakeGeneration(reader, input))).toMatchObject({ reason: 'scope_missing' })
    await db
      .insertInto('plan')
      .values({
        id: 'little',
        name: 'Little',
        seconds_per_month: 1,
        requests_per_minute: 60,
        concurrency: 4,
        storage_bytes: 0,
        max_characters: 5_000,
      })
      .execute()
    await db.updateTable('account').set({ plan_id: 'little' }).where('id', '=', user.id).execute()
    expect(await refusal(retake(user, id, { segments: [2] }))).toMatchObject({ reason: 'quota_exceeded' })
    await db.updateTable('plan').set({ max_characters: 10 }).where('id', '=', 'little').execute()
    expect(await refusal(retake(user, id))).toMatchObject({ reason: 'text_too_long' })
  })
})

test('the same idempotency key gives the same take, also when its first was deleted meanwhile', async () => {
  const user = await core.user()
  const { id } = await spoken(user)
  const take = await retake(user, id, { segments: [1] }, 'once')
  expect(await retake(user, id, { segments: [1] }, 'once')).toEqual(take)
  expect(await refusal(retake(user, id, { segments: [2] }, 'once'))).toMatchObject({ reason: 'idempotency_key_reused' })
  await deleteGeneration(user.as, { id })
  expect(await retake(user, id, { segments: [1] }, 'once')).toEqual(take)
})

test('what is kept is reserved as if it were spoken: should it be gone, it has to be', async () => {
  const user = await core.user()
  const { id } = await spoken(user)
  const pausesMs = 2 * 350
  const { reservedMs } = await retake(user, id, { segments: [1] })
  expect(reservedMs).toBe(2 * sentences.join('').length * toneMsPerCharacter + pausesMs)
})
