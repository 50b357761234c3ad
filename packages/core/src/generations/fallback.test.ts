import { buffer } from 'node:stream/consumers'
import { type Engine, EngineError, type EngineErrorCode } from '@loqui/engines/engine'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { z } from 'zod'
import { setBudget } from '../budgets/set.ts'
import { revokeConsent } from '../consents/revoke.ts'
import { newId } from '../ids.ts'
import { createPronunciation, createPronunciationInput } from '../pronunciations/create.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { oneSlot } from '../testing/one-slot.ts'
import { consentOf, giveVoice } from '../testing/samples.ts'
import { currentUsage } from '../usage/current.ts'
import { deleteVoice } from '../voices/delete.ts'
import { getVoice } from '../voices/get.ts'
import { updateVoice, updateVoiceInput } from '../voices/update.ts'
import { countRerolls, openRejected, rejectCall } from './calls.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { estimateGeneration, estimateInput } from './estimate.ts'
import { getGeneration } from './get.ts'
import { listGenerations, listGenerationsInput } from './list.ts'
import { playGeneration, playGenerationInput } from './play.ts'
import { retakeGeneration, retakeGenerationInput } from './retake.ts'
import { type RunContext, runGeneration } from './run.ts'
import { readSegments } from './segments.ts'
import { watchGeneration } from './watch.ts'

const far = createToneEngine({ id: 'chatterbox', segmentCharacters: 60 })
let nearPrice = 1
const near = {
  ...createToneEngine({ id: 'offline', segmentCharacters: 30 }),
  // Slower, cheaper, and it goes only to 2.
  settings: { speed: { min: 0.5, max: 2, default: 1 } },
  price: () => nearPrice,
  estimate: ({ text }: { text: string }) => ({ expectedMs: text.length * 10, maxMs: text.length * 50 }),
  check: ({ text, seed }: { text: string; seed?: number | undefined }) =>
    seed !== undefined
      ? ({ field: 'seed', message: 'it takes none.' } as const)
      : text.includes('#')
        ? ({ field: 'text', message: 'a # has no sound.' } as const)
        : null,
}
const core = await testCore([far, near])
const { services } = core
const { db, transitions } = services

const own = await core.voiceId('low', 'chatterbox')
const other = await core.voiceId('high', 'offline')
const text = 'This sentence is spoken by one voice or by the other. And this is one more of them, which ends here.'

beforeEach(() => {
  far.reset()
  near.reset()
  nearPrice = 1
})

type Own = Partial<z.input<typeof createGenerationInput>>
const input = (more: Own = {}) =>
  createGenerationInput.parse({ text, voiceId: `voi_${own}`, fallbackVoiceId: `voi_${other}`, format: 'pcm', ...more })
const create = (user: TestUser, more: Own = {}) => createGeneration(user.as, input(more))
/** One segment after the other. */
const run = (id: string, more: Partial<RunContext> = {}) =>
  runGeneration(
    { ...services, segmentSlots: oneSlot(), ...more },
    { generationId: rowId(id) },
    new AbortController().signal,
  )
const get = (user: TestUser, id: string) => getGeneration(user.as, { id: rowId(id) })
const row = (id: string) =>
  db.selectFrom('generation').selectAll().where('id', '=', rowId(id)).executeTakeFirstOrThrow()

const outage = (code: EngineErrorCode, retryAfterMs: number | null = null) =>
  new EngineError('out', { code, retryable: false, retryAfterMs })
/** All segments fail from now on. */
const breakDown = (error: Error) => far.fail('', ...Array.from({ length: 50 }, () => error))

describe('a generation whose engine does not work', () => {
  test('is spoken whole by its fallback, within what was reserved, and says who was asked and who spoke', async () => {
    const user = await core.user()
    const created = await create(user, { seed: 7, settings: { speed: 3, pitch: 2 } })
    expect(created).toMatchObject({
      voiceId: `voi_${own}`,
      engine: 'chatterbox',
      fallbackVoiceId: `voi_${other}`,
      fellBackFrom: null,
    })
    breakDown(outage('no_credit'))
    await run(created.id)
    const ended = await get(user, created.id)
    expect(ended).toMatchObject({
      state: 'succeeded',
      voiceId: `voi_${other}`,
      engine: 'offline',
      fallbackVoiceId: null,
      fellBackFrom: `voi_${own}`,
      // As far as its engine takes them.
      settings: { speed: 2 },
      seed: null,
      waitsFor: null,
    })
    expect(ended.chargedMs).toBe(ended.durationMs)
    expect(near.spoken.join(' ')).toBe(text)
    const { items } = await listGenerations(user.as, listGenerationsInput.parse({}))
    expect(items).toMatchObject([{ id: created.id, voiceId: `voi_${other}`, fellBackFrom: `voi_${own}` }])
  })

  test('is split so that either could speak it, and reserves for the longer', async () => {
    const user = await core.user()
    const { id, segments, reservedMs } = await create(user)
    const alone = await create(user, { fallbackVoiceId: null })
    expect(alone.segments.total).toBeLessThan(segments.total)
    expect(reservedMs).toBeGreaterThan(alone.reservedMs)
    const estimate = await estimateGeneration(
      user.as,
      estimateInput.parse({ text, voiceId: `voi_${own}`, fallbackVoiceId: `voi_${other}`, format: 'pcm' }),
    )
    expect(estimate).toMatchObject({ segments: segments.total, reservedMs })
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'succeeded', voiceId: `voi_${own}`, fellBackFrom: null })
    expect(near.spoken).toEqual([])
    const rows = await readSegments({ db }, rowId(id))
    expect(rows).toHaveLength(segments.total)
    expect(Math.max(...rows.map(({ start_offset, end_offset }) => end_offset - start_offset))).toBeLessThanOrEqual(30)
  })

  test.for([
    [16_000, 22_050, 22_050],
    [22_050, 16_000, 22_050],
    [16_000, null, 24_000],
    [null, 16_000, 24_000],
  ])('is made at a rate that is enough for either: of %s and %s Hz at %s', async ([farRate, nearRate, expected]) => {
    const { as } = await core.user()
    const at = (engine: Engine, rate: number | null | undefined): [string, Engine] => [
      engine.id,
      { ...engine, sampleRate: () => rate ?? null },
    ]
    const engines = new Map([at(far, farRate), at(near, nearRate)])
    expect(await createGeneration({ ...as, engines }, input({ format: 'mp3' }))).toMatchObject({ sampleRate: expected })
  })

  test('waits for a moment first, where it is not said to last', async () => {
    const user = await core.user()
    const { id } = await create(user)
    breakDown(outage('unavailable'))
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'running', waitsFor: 'engine_degraded', engine: 'chatterbox' })
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'succeeded', engine: 'offline' })
    const events = await Array.fromAsync(
      await watchGeneration(user.as, { id: rowId(id) }, new AbortController().signal),
      ({ type }) => type,
    )
    expect(events.slice(0, 4)).toEqual(['queued', 'running', 'waiting', 'fell_back'])
    expect(events.at(-1)).toBe('succeeded')
  })

  test('tells who listens meanwhile whose voice it is', async () => {
    const user = await core.user()
    const { id } = await create(user, { format: 'flac' })
    const coming = await playGeneration(user.as, playGenerationInput.parse({ id }))
    if (!('listen' in coming)) throw new Error('it was made already')
    const listening = coming.listen(new AbortController().signal)
    breakDown(outage('no_credit'))
    await run(id)
    const heard = await buffer(await listening)
    expect(heard.includes('A high tone')).toBe(true)
    expect(heard.includes('A low tone')).toBe(false)
  })

  test('goes on by itself, where the engine works again by then', async () => {
    const user = await core.user()
    const { id } = await create(user)
    breakDown(outage('unavailable'))
    await run(id)
    far.fail('')
    await run(id)
    expect(await get(user, id)).toMatchObject({
      state: 'succeeded',
      engine: 'chatterbox',
      fallbackVoiceId: `voi_${other}`,
    })
  })

  test.for<[string, Own, Error]>([
    ['nobody is to speak in its place', { fallbackVoiceId: null }, outage('no_credit')],
    ['its engine only asks for patience', {}, outage('throttled', 60_000)],
  ])('waits where %s', async ([, more, error]) => {
    const user = await core.user()
    const { id } = await create(user, more)
    breakDown(error)
    await run(id)
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'running', waitsFor: 'engine_degraded', engine: 'chatterbox' })
  })

  test('waits where a part of it was spoken already: nobody hears two voices', async () => {
    const user = await core.user()
    const { id } = await create(user)
    far.fail('ends here', ...Array.from({ length: 9 }, () => outage('no_credit')))
    await run(id)
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'running', waitsFor: 'engine_degraded', engine: 'chatterbox' })
  })

  test('waits where the fallback’s engine does not work either', async () => {
    const user = await core.user()
    const { id } = await create(user)
    breakDown(outage('no_credit'))
    const engines = new Map<string, Engine>([
      ['chatterbox', far],
      ['offline', { ...near, breaker: 'open' }],
    ])
    await run(id, { engines })
    expect(await get(user, id)).toMatchObject({ state: 'running', waitsFor: 'engine_degraded', engine: 'chatterbox' })
  })

  test('waits where the budgets allow the one and not the other', async () => {
    const user = await core.user()
    const system = { ...services, actor: { kind: 'system' } as const }
    await setBudget(system, { userId: user.id, limitMicros: 100, alertMicros: null })
    nearPrice = 1_000
    const { id } = await create(user)
    const { cost_held_micros } = await row(id)
    breakDown(outage('no_credit'))
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'running', waitsFor: 'engine_degraded', engine: 'chatterbox' })
    expect((await row(id)).cost_held_micros).toBe(cost_held_micros)
  })

  test('is spoken by its own voice where the engine of its fallback is not there', async () => {
    const user = await core.user()
    const { id } = await create(user)
    await run(id, { engines: new Map([['chatterbox', far]]) })
    expect(await get(user, id)).toMatchObject({ state: 'succeeded', engine: 'chatterbox' })
  })

  test('waits where its segments were made for an engine that takes longer ones', async () => {
    const user = await core.user()
    const { id } = await create(user)
    far.fail('', outage('no_credit'), outage('no_credit'))
    await run(id, { engines: new Map([['chatterbox', far]]) })
    breakDown(outage('no_credit'))
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'running', waitsFor: 'engine_degraded', engine: 'chatterbox' })
  })

  test('keeps nothing that the other voice was asked for: not as its own audio, nor as tries of its seed', async () => {
    const user = await core.user()
    const { id } = await create(user)
    const claim = async () => {
      const claimed = await transitions.claim(rowId(id), newId())
      if (!claimed) throw new Error('it was not claimed')
      return claimed
    }
    const first = await claim()
    const mark = newId()
    await transitions.announce(first, { mark, index: 0, request: {}, most: 2, micros: 0 })
    await transitions.accept(mark, 'of the first')
    await transitions.endCall(first, { mark, outcome: 'succeeded', costMicros: 0 })
    expect(await rejectCall(db, first, mark)).toBe(true)
    expect((await openRejected({ db, transitions }, first, 0, [])).open).toHaveLength(1)
    expect(await countRerolls(db, first, 0)).toBe(1)
    await sql`select generation_fall_back(${rowId(id)}, ${first.attempt})`.execute(db)
    const second = await claim()
    expect(second.engine).toBe('offline')
    expect((await openRejected({ db, transitions }, second, 0, [])).open).toEqual([])
    expect(await countRerolls(db, second, 0)).toBe(0)
    await run(id)
  })

  test('waits where a provider was asked, and may yet answer', async () => {
    const user = await core.user()
    const { id } = await create(user)
    const attempt = newId()
    const claimed = await transitions.claim(rowId(id), attempt)
    if (!claimed) throw new Error('it was not claimed')
    const mark = newId()
    const call = { mark, index: 0, request: {}, most: 2, micros: 0 }
    expect(await transitions.announce(claimed, call)).toBe('announced')
    const fallBack = async () => {
      const { rows } = await sql<{
        done: boolean
      }>`select generation_fall_back(${rowId(id)}, ${attempt}) as done`.execute(db)
      return rows[0]?.done
    }
    expect(await fallBack()).toBe(false)
    await transitions.endCall(claimed, { mark, outcome: 'refused', costMicros: 0 })
    expect(await fallBack()).toBe(true)
    // Somebody else's attempt by now, and for the second time.
    expect(await fallBack()).toBe(false)
    await run(id)
    expect(await get(user, id)).toMatchObject({ state: 'succeeded', engine: 'offline' })
  })

  test('holds no more of the budgets than the fallback needs, and what it cost is its own', async () => {
    const user = await core.user()
    await setBudget(
      { ...services, actor: { kind: 'system' } },
      { userId: user.id, limitMicros: 1_000, alertMicros: null },
    )
    const created = await create(user)
    breakDown(outage('no_credit'))
    near.hold()
    const running = run(created.id)
    await vi.waitFor(() => expect(near.held).toHaveLength(1))
    const { cost_held_micros, predicted_cost_micros } = await row(created.id)
    expect(predicted_cost_micros).toBe(created.segments.total)
    expect(cost_held_micros).toBe(predicted_cost_micros)
    expect(created.cost.predictedMicros).toBeGreaterThan(predicted_cost_micros)
    near.release()
    await running
    expect((await get(user, created.id)).cost.actualMicros).toBe(created.segments.total * 7)
  })
})

describe('a fallback that is a person’s voice', () => {
  test('speaks by its consent', async () => {
    const user = await core.user()
    const mine = await giveVoice(user.as, { engine: 'offline' })
    const { id } = await create(user, { fallbackVoiceId: mine.id })
    breakDown(outage('no_credit'))
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', voice_id: rowId(mine.id), consent_id: consentOf(mine) })
  })

  test('does not once its consent is revoked, or it was deleted', async () => {
    const user = await core.user()
    const [revoked, deleted] = [
      await giveVoice(user.as, { engine: 'offline' }),
      await giveVoice(user.as, { engine: 'offline' }),
    ]
    const ids = await Promise.all(
      [revoked, deleted].map(async (voice) => (await create(user, { fallbackVoiceId: voice.id })).id),
    )
    await revokeConsent(user.as, { id: consentOf(revoked) })
    await deleteVoice(user.as, { id: rowId(deleted.id) })
    breakDown(outage('no_credit'))
    for (const id of ids) {
      await run(id)
      expect(await get(user, id)).toMatchObject({ state: 'running', waitsFor: 'engine_degraded', engine: 'chatterbox' })
    }
    expect(near.spoken).toEqual([])
  })
})

describe('a fallback is refused', () => {
  test.for<[string, Own, string, string]>([
    ['that nobody knows', { fallbackVoiceId: 'nobody' }, 'voice_not_found', 'fallbackVoiceId: there is no such voice.'],
    [
      'whose engine is the same',
      { fallbackVoiceId: `voi_${own}` },
      'invalid_input',
      'fallbackVoiceId: A low tone could not speak this: its engine is that of A low tone, and would not work either.',
    ],
    [
      'that could not speak the text',
      { text: 'Number #1.' },
      'invalid_input',
      'fallbackVoiceId: A high tone could not speak this: a # has no sound.',
    ],
  ])('%s', async ([, more, reason, message]) => {
    const user = await core.user()
    expect(await refusal(create(user, more))).toMatchObject({ reason, message })
    expect((await currentUsage(user.as)).reservedMs).toBe(0)
  })

  test('that speaks another language', async () => {
    const user = await core.user()
    const mine = await giveVoice(user.as, { engine: 'offline', language: 'de' })
    expect((await refusal(create(user, { fallbackVoiceId: mine.id }))).message).toBe(
      'fallbackVoiceId: Mine could not speak this: it speaks “de”, and this is in “en”.',
    )
  })
})

describe('a voice with a fallback of its own', () => {
  const withFallback = (user: TestUser) => giveVoice(user.as, { engine: 'chatterbox', fallbackVoiceId: `voi_${other}` })
  const plain = (user: TestUser, voiceId: string, more: Own = {}) =>
    createGeneration(user.as, createGenerationInput.parse({ text, voiceId, format: 'pcm', ...more }))

  test('has it in all generations that do not say otherwise', async () => {
    const user = await core.user()
    const voice = await withFallback(user)
    expect(voice.fallbackVoiceId).toBe(`voi_${other}`)
    expect(await plain(user, voice.id)).toMatchObject({ fallbackVoiceId: `voi_${other}` })
    expect(await plain(user, voice.id, { fallbackVoiceId: null })).toMatchObject({ fallbackVoiceId: null })
    const update = (fallbackVoiceId: string | null) =>
      updateVoice(user.as, updateVoiceInput.parse({ id: voice.id, fallbackVoiceId }))
    expect(await update(null)).toMatchObject({ fallbackVoiceId: null })
    expect(await plain(user, voice.id)).toMatchObject({ fallbackVoiceId: null })
  })

  test('has none once that one is deleted', async () => {
    const user = await core.user()
    const gone = await giveVoice(user.as, { engine: 'offline' })
    const voice = await giveVoice(user.as, { engine: 'chatterbox', fallbackVoiceId: gone.id })
    await deleteVoice(user.as, { id: rowId(gone.id) })
    expect(await getVoice(user.as, { id: rowId(voice.id) })).toMatchObject({ fallbackVoiceId: null })
    expect(await plain(user, voice.id)).toMatchObject({ fallbackVoiceId: null })
  })

  test('speaks without it what that one could not', async () => {
    const user = await core.user()
    const voice = await withFallback(user)
    expect(await plain(user, voice.id, { text: 'Number #1.' })).toMatchObject({ fallbackVoiceId: null })
    expect(await refusal(plain(user, voice.id, { text: 'It costs ¤1.' }))).toMatchObject({
      reason: 'text_not_speakable',
      message: 'text: a ¤ has no sound.',
    })
  })

  test('has none of its own engine, and none that is not there', async () => {
    const user = await core.user()
    const { id } = await withFallback(user)
    const update = (fallbackVoiceId: string) =>
      refusal(updateVoice(user.as, updateVoiceInput.parse({ id, fallbackVoiceId })))
    expect(await update(`voi_${own}`)).toMatchObject({
      reason: 'invalid_input',
      issues: [{ field: 'fallbackVoiceId' }],
    })
    const hers = await giveVoice((await core.user()).as, { engine: 'offline' })
    expect(await update(hers.id)).toMatchObject({ reason: 'voice_not_found' })
  })
})

test('numbers are written out by the language of the text where the fallback speaks any', async () => {
  const user = await core.user()
  const mine = await giveVoice(user.as, { engine: 'offline', language: 'und' })
  const { id } = await create(user, { text: 'I have 2.', fallbackVoiceId: mine.id, normalize: true })
  breakDown(outage('no_credit'))
  await run(id)
  expect(near.spoken).toEqual(['I have two.'])
})

test('words are said as the fallback’s own pronunciations have it', async () => {
  const user = await core.user()
  const rule = (voiceId: string, replacement: string) =>
    createPronunciation(
      user.as,
      createPronunciationInput.parse({ phrase: 'SQL', replacement, voiceId: `voi_${voiceId}` }),
    )
  await rule(own, 'sequel')
  await rule(other, 'ess queue ell')
  const { id } = await create(user, { text: 'We speak SQL.' })
  breakDown(outage('no_credit'))
  await run(id)
  expect(near.spoken).toEqual(['We speak ess queue ell.'])
})

describe('another take of what a fallback has spoken', () => {
  test('is by the voice that was asked for, with the same fallback', async () => {
    const user = await core.user()
    const { id } = await create(user, { settings: { speed: 3 } })
    breakDown(outage('no_credit'))
    await run(id)
    const take = await retakeGeneration(user.as, retakeGenerationInput.parse({ id }))
    expect(take).toMatchObject({
      voiceId: `voi_${own}`,
      settings: { speed: 3 },
      fallbackVoiceId: `voi_${other}`,
      fellBackFrom: null,
    })
    await run(take.id)
    expect(await get(user, take.id)).toMatchObject({ state: 'succeeded', engine: 'offline', settings: { speed: 2 } })
  })

  test('is by the fallback where some of it stays', async () => {
    const user = await core.user()
    const { id } = await create(user)
    breakDown(outage('no_credit'))
    await run(id)
    const take = await retakeGeneration(user.as, retakeGenerationInput.parse({ id, segments: [1] }))
    expect(take).toMatchObject({ voiceId: `voi_${other}`, fallbackVoiceId: null, fellBackFrom: null })
    await run(take.id)
    expect(await get(user, take.id)).toMatchObject({ state: 'succeeded', engine: 'offline' })
  })

  test('has none where it could not be one any more', async () => {
    const user = await core.user()
    const mine = await giveVoice(user.as, { engine: 'offline' })
    const { id } = await create(user, { fallbackVoiceId: mine.id })
    await deleteVoice(user.as, { id: rowId(mine.id) })
    await run(id)
    const take = await retakeGeneration(user.as, retakeGenerationInput.parse({ id }))
    expect(take).toMatchObject({ voiceId: `voi_${own}`, fallbackVoiceId: null })
  })
})
