import { beforeEach, expect, test } from 'vitest'
import type { z } from 'zod'
import { createPronunciation, createPronunciationInput } from '../pronunciations/create.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { oneSlot } from '../testing/one-slot.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { estimateGeneration, estimateInput } from './estimate.ts'
import { retakeGeneration, retakeGenerationInput } from './retake.ts'
import { runGeneration } from './run.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db } = services
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

type Own = Partial<z.input<typeof createGenerationInput>>

const create = (user: TestUser, own: Own) =>
  createGeneration(
    user.as,
    createGenerationInput.parse({ voiceId: `voi_${low}`, format: 'pcm', normalize: true, ...own } as Own),
  )
// One segment after the other.
const run = (id: string) =>
  runGeneration({ ...services, segmentSlots: oneSlot() }, { generationId: id }, new AbortController().signal)
const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

const text = 'Dr. Watson paid £1,000 at 10:45. In 1891 he was 39.'
const said = 'Doctor Watson paid one thousand pounds at ten forty-five. In eighteen ninety-one he was thirty-nine.'

test('what is written is kept, and what is asked is written out, bounded and priced', async () => {
  const user = await core.user()
  const generation = await create(user, { text })
  expect(generation).toMatchObject({ text, normalize: true, characters: text.length })
  await run(rowId(generation.id))
  expect(engine.spoken.join(' ')).toBe(said)
  const { duration_ms, charged_ms, ...ended } = await row(rowId(generation.id))
  expect(ended).toMatchObject({ state: 'succeeded', text })
  // Parts of one sentence are crossfaded.
  expect(duration_ms).toBeGreaterThan(text.length * toneMsPerCharacter)
  expect(duration_ms).toBeLessThanOrEqual(generation.estimatedMs)
  expect(charged_ms).toBe(duration_ms)
  const segments = await db
    .selectFrom('segment')
    .selectAll()
    .where('generation_id', '=', rowId(generation.id))
    .orderBy('index')
    .execute()
  expect(segments.map(({ start_offset, end_offset }) => text.slice(start_offset, end_offset)).join(' ')).toBe(text)
})

test('an estimate is that of the generation', async () => {
  const user = await core.user()
  const { estimatedMs, reservedMs, cost, segments } = await create(user, { text })
  const estimate = (normalize: boolean) =>
    estimateGeneration(user.as, estimateInput.parse({ text, voiceId: `voi_${low}`, format: 'pcm', normalize }))
  expect(await estimate(true)).toMatchObject({
    estimatedMs,
    reservedMs,
    costMicros: cost.predictedMicros,
    segments: segments.total,
  })
  expect((await estimate(false)).estimatedMs).toBeLessThan(estimatedMs)
})

test('without the wish the engine is asked for what is written, and what is cached answers neither for the other', async () => {
  const user = await core.user()
  const plain = await create(user, { text, normalize: undefined })
  expect(plain.normalize).toBe(false)
  await run(rowId(plain.id))
  expect(engine.spoken.join(' ')).toBe(text)
  engine.reset()
  const { id } = await create(user, { text })
  await run(rowId(id))
  expect(engine.spoken.join(' ')).toBe(said)
})

test('what grows beyond what the engine takes is split further', async () => {
  const user = await core.user()
  const long = `${Array.from({ length: 60 }, (_, index) => 777_701 + index).join(' and ')}.`
  const { id } = await create(user, { text: long })
  await run(rowId(id))
  expect(await row(rowId(id))).toMatchObject({ state: 'succeeded' })
  expect(engine.spoken.length).toBeGreaterThan(long.length / engine.limits.segmentCharacters)
  for (const spoken of engine.spoken) expect(spoken.length).toBeLessThanOrEqual(engine.limits.segmentCharacters)
  expect(engine.spoken.join(' ')).not.toMatch(/\d/)
})

test('a pronunciation of one’s own comes first', async () => {
  const user = await core.user()
  await createPronunciation(
    user.as,
    createPronunciationInput.parse({ phrase: '10:45', replacement: 'a quarter to eleven' }),
  )
  const { id } = await create(user, { text: 'At 10:45 and 10:46.' })
  await run(rowId(id))
  expect(engine.spoken.join(' ')).toBe('At a quarter to eleven and ten forty-six.')
})

test('another take is written out as the first', async () => {
  const user = await core.user()
  const first = await create(user, { text })
  await run(rowId(first.id))
  engine.reset()
  const take = await retakeGeneration(user.as, retakeGenerationInput.parse({ id: first.id }))
  expect(take.normalize).toBe(true)
  await run(rowId(take.id))
  expect(engine.spoken.join(' ')).toBe(said)
})

test('a language whose numbers have no words is refused', async () => {
  const user = await core.user()
  await db.updateTable('voice').set({ language: 'cy' }).where('id', '=', low).execute()
  expect(await refusal(create(user, { text }))).toMatchObject({
    reason: 'invalid_input',
    issues: [{ field: 'normalize' }],
  })
  await db.updateTable('voice').set({ language: 'en' }).where('id', '=', low).execute()
})
