import { buffer } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { createPronunciation, createPronunciationInput } from '../pronunciations/create.ts'
import { updatePronunciation, updatePronunciationInput } from '../pronunciations/update.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { type Captions, generationCaptions } from './captions.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { estimateGeneration, estimateInput } from './estimate.ts'
import { runGeneration } from './run.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db } = services
const voiceId = `voi_${await core.voiceId('low')}`
beforeEach(() => engine.reset())

const create = async ({ as }: TestUser, text: string, own: Partial<z.input<typeof createGenerationInput>> = {}) =>
  createGeneration(as, createGenerationInput.parse({ text, voiceId, format: 'pcm', ...own }))
const run = (id: string) => runGeneration(services, { generationId: rowId(id) }, new AbortController().signal)
const estimate = ({ as }: TestUser, text: string) => estimateGeneration(as, estimateInput.parse({ text, voiceId }))
const row = (id: string) =>
  db.selectFrom('generation').selectAll().where('id', '=', rowId(id)).executeTakeFirstOrThrow()
const segments = (id: string) =>
  db.selectFrom('segment').selectAll().where('generation_id', '=', rowId(id)).orderBy('index').execute()
const captions = async ({ as }: TestUser, id: string) =>
  JSON.parse(await generationCaptions(as, { id: rowId(id), format: 'json' })) as Captions
const say = (user: TestUser, phrase: string, replacement: string, more = {}) =>
  createPronunciation(user.as, createPronunciationInput.parse({ phrase, replacement, ...more }))

describe('pauses in a text', () => {
  const text = '[pause 1s] Well. <break time="2s"/><break time="500ms"/> Yes, [pause 0.3s] no. [pause 4s]'

  test('are silence where they stand, and are not spoken', async () => {
    const user = await core.user()
    const { id, segments: counted } = await create(user, text)
    await run(id)
    expect([...engine.spoken].sort()).toEqual(['Well.', 'Yes,', 'no.'])
    const rows = await segments(id)
    expect(rows.map(({ pause_ms }) => pause_ms)).toEqual([1_000, 2_500, 300, 4_000])
    expect(counted.total).toBe(4)
    const spokenMs = 'Well.Yes,no.'.length * toneMsPerCharacter + 10
    expect(await row(id)).toMatchObject({
      state: 'succeeded',
      duration_ms: spokenMs + 7_800,
      charged_ms: spokenMs + 7_800,
    })
    const samples = await buffer(await services.storage.read((await row(id)).audio_key ?? ''))
    const loudAt = (ms: number) => Math.abs(samples.readInt16LE(ms * 48) || samples.readInt16LE(ms * 48 + 10)) > 100
    expect([500, 1_030, 1_500, 3_500, 3_590].map(loudAt)).toEqual([false, true, false, false, true])
  })

  test('are in no caption, and what is spoken has its times behind them', async () => {
    const user = await core.user()
    const { id } = await create(user, text)
    await run(id)
    const { segments: said } = await captions(user, id)
    expect(said.map(({ text: words, startMs }) => [words, startMs])).toEqual([
      ['Well.', 1_010],
      ['Yes,', 3_560],
      ['no.', 3_900],
    ])
    for (const format of ['srt', 'vtt'] as const)
      expect(await generationCaptions(user.as, { id: rowId(id), format })).not.toMatch(/pause|break/)
  })

  test('are held of the quota, and cost nothing', async () => {
    const user = await core.user()
    const plain = await estimate(user, 'Well, yes.')
    const paused = await estimate(user, 'Well, yes. [pause 10s]')
    expect(paused.reservedMs).toBe(plain.reservedMs + 10_000)
    expect(paused.costMicros).toBe(plain.costMicros)
  })

  test('of more than ten seconds are refused with what is accepted', async () => {
    const user = await core.user()
    expect(await refusal(create(user, 'Well, [pause 11s] yes.'))).toMatchObject({
      reason: 'invalid_input',
      issues: [{ field: 'text', message: expect.stringContaining('[pause 11s] at character 7 is no pause') }],
    })
    expect(await refusal(create(user, ' [pause 1s] '))).toMatchObject({ reason: 'text_empty' })
    expect(await refusal(create(user, '[pause 1s]a'.repeat(20_001)))).toMatchObject({ reason: 'text_too_long' })
  })
})

describe('sounds in brackets', () => {
  test('are left out where the engine does not make them', async () => {
    const user = await core.user()
    const { id } = await create(user, 'Well [laugh] yes [aside].')
    await run(id)
    expect(engine.spoken).toEqual(['Well   yes [aside].'])
  })
})

describe('pronunciations', () => {
  test('are what is asked for, bounded and priced; captions have what was written', async () => {
    const user = await core.user()
    const before = await estimate(user, 'Ask SQL.')
    await say(user, 'sql', 'see quell')
    const { id } = await create(user, 'Ask SQL.')
    await run(id)
    expect(engine.spoken).toEqual(['Ask see quell.'])
    const after = await estimate(user, 'Ask SQL.')
    expect(after.reservedMs).toBe((before.reservedMs * 'Ask see quell.'.length) / 'Ask SQL.'.length)
    expect(after.costMicros).toBeGreaterThan(before.costMicros)
    expect((await captions(user, id)).segments[0]?.text).toBe('Ask SQL.')
    expect(await row(id)).toMatchObject({ text: 'Ask SQL.', characters: 8 })
  })

  test('of a voice come before those of all, and hold for whose they are only', async () => {
    const user = await core.user()
    await say(user, 'cat', 'everywhere')
    await say(user, 'cat', 'by this voice', { voiceId })
    await say(user, 'cat', 'by another', { voiceId: `voi_${await core.voiceId('high')}` })
    await say(user, 'dog', 'Hund', { language: 'de' })
    await say(user, 'cow', 'moo', { language: 'en' })
    await run((await create(user, 'cat dog cow')).id)
    await run((await create(await core.user(), 'cat dog cow')).id)
    expect(engine.spoken).toEqual(['by this voice dog moo', 'cat dog cow'])
  })

  test('are those of when it was created', async () => {
    const user = await core.user()
    const { id: ruleId } = await say(user, 'cat', 'dog')
    await say(user, 'unused', 'never')
    const { id, reservedMs } = await create(user, 'A cat.')
    await updatePronunciation(user.as, updatePronunciationInput.parse({ id: ruleId, replacement: 'hippopotamus' }))
    await run(id)
    expect(engine.spoken).toEqual(['A dog.'])
    expect((await row(id)).pronunciations).toEqual([{ phrase: 'cat', replacement: 'dog', caseSensitive: false }])
    expect((await create(user, 'A cat.')).reservedMs).toBeGreaterThan(reservedMs)
  })

  test('that make a segment too long for its engine split it', async () => {
    const user = await core.user()
    await say(user, 'x', 'a long way to say it')
    const written = 'x y x y x y x y x y.'
    const { id } = await create(user, written)
    await run(id)
    for (const asked of engine.spoken) expect(asked.length).toBeLessThanOrEqual(engine.limits.segmentCharacters)
    expect(engine.spoken.join(' ').match(/a long way to say it/g)).toHaveLength(5)
    const rows = await segments(id)
    expect(rows.map(({ start_offset, end_offset }) => written.slice(start_offset, end_offset)).join(' ')).toBe(written)
    expect(await row(id)).toMatchObject({ state: 'succeeded' })
  })

  test('can give words to what has none', async () => {
    const user = await core.user()
    await say(user, 'a¤', 'a coin')
    expect(await refusal(create(user, 'b¤'))).toMatchObject({ reason: 'text_not_speakable' })
    await run((await create(user, 'a¤')).id)
    expect(engine.spoken).toEqual(['a coin'])
  })
})
