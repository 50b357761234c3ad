import { createDb } from '@loqui/db/client'
import { transaction } from '@loqui/db/transaction'
import type { SpeakRequest } from '@loqui/engines/engine'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { z } from 'zod'
import { newId } from '../ids.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { giveVoice } from '../testing/samples.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { getGeneration } from './get.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { db } = core.services
const low = await core.voiceId('low')

const parse = (input: z.input<typeof createGenerationInput>) => createGenerationInput.parse(input)
const input = (text: string, more: object = {}) => parse({ text, voiceId: `voi_${low}`, ...more })

/** Everything that a create could leave of this user. */
async function traces(userId: string) {
  const of = async (table: 'generation' | 'event' | 'event_stream' | 'idempotency') =>
    (await db.selectFrom(table).select('user_id').where('user_id', '=', userId).execute()).length
  const { rows: jobs } = await sql`select from pgboss.job where group_id = ${userId}`.execute(db)
  const reserved = await db
    .selectFrom('quota_entry')
    .select('id')
    .where('user_id', '=', userId)
    .where('kind', '<>', 'grant')
    .execute()
  return {
    generations: await of('generation'),
    events: await of('event'),
    streams: await of('event_stream'),
    keys: await of('idempotency'),
    jobs: jobs.length,
    reserved: reserved.length,
  }
}

const nothing = { generations: 0, events: 0, streams: 0, keys: 0, jobs: 0, reserved: 0 }

describe('a text that can be spoken', () => {
  test('becomes a generation that waits, with its job, its reservation and its event', async () => {
    const { id, as } = await core.user()
    const text = 'One sentence here. Another sentence there.'
    const generation = await createGeneration(
      as,
      input(text, { format: 'flac', title: '  A title ', settings: { speed: 2 } }),
    )
    // All but the space between the two.
    const spokenMs = (text.length - 1) * toneMsPerCharacter
    expect(generation).toEqual({
      id: expect.stringMatching(/^gen_[0-9a-f-]{36}$/),
      state: 'queued',
      text,
      excerpt: text,
      title: 'A title',
      characters: text.length,
      voiceId: `voi_${low}`,
      engine: 'tone',
      fallbackVoiceId: null,
      fellBackFrom: null,
      format: 'flac',
      sampleRate: 24_000,
      bitRate: null,
      loudness: null,
      settings: { speed: 2 },
      seed: null,
      normalize: false,
      waitsFor: null,
      segments: { total: 2, done: 0, cached: 0 },
      takeOf: null,
      estimatedMs: spokenMs + 350,
      reservedMs: 2 * spokenMs + 350,
      durationMs: null,
      chargedMs: null,
      cost: { predictedMicros: Math.ceil(18 / 5) + Math.ceil(23 / 5), actualMicros: 0 },
      error: null,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      startedAt: null,
      finishedAt: null,
    })
    expect(await getGeneration(as, { id: rowId(generation.id) })).toEqual(generation)
    expect(await traces(id)).toEqual({ generations: 1, events: 1, streams: 1, keys: 0, jobs: 1, reserved: 1 })
    const { rows } = await sql`select data, singleton_key from pgboss.job where group_id = ${id}`.execute(db)
    expect(rows).toEqual([{ data: { generationId: rowId(generation.id) }, singleton_key: rowId(generation.id) }])
  })

  test('is mp3 in the voice’s own pace when nothing else is asked for', () => {
    expect(input('Words.')).toEqual({ text: 'Words.', voiceId: low, format: 'mp3', settings: {} })
  })

  test('tells how its audio will be made, and is kept so', async () => {
    const { as } = await core.user()
    for (const [asked, expected] of [
      [{}, { format: 'mp3', sampleRate: 24_000, bitRate: 64, loudness: null }],
      [
        { sampleRate: null, bitRate: null, loudness: null },
        { sampleRate: 24_000, bitRate: 64, loudness: null },
      ],
      [{ sampleRate: 44_100 }, { format: 'mp3', sampleRate: 44_100, bitRate: 128 }],
      [
        { format: 'opus', bitRate: 24, loudness: -16.5 },
        { sampleRate: 24_000, bitRate: 24, loudness: -16.5 },
      ],
      [{ format: 'ulaw' }, { format: 'ulaw', sampleRate: 8_000, bitRate: null }],
    ] as const) {
      const generation = await createGeneration(as, input('Words.', asked))
      expect(generation).toMatchObject(expected)
      expect(await getGeneration(as, { id: rowId(generation.id) })).toEqual(generation)
    }
  })

  test('has the rate that its speech will have, where the engine knows it and the file tells it', async () => {
    const { as } = await core.user()
    const asked: unknown[] = []
    const knowing = {
      ...engine,
      sampleRate: ({ voice, settings }: Pick<SpeakRequest, 'voice' | 'settings'>) => {
        asked.push([voice, settings.speed])
        return 16_000
      },
    }
    const caller = { ...as, engines: new Map([[engine.id, knowing]]) }
    const create = (more: object) => createGeneration(caller, input('Words.', more))
    expect(await create({ settings: { speed: 2 } })).toMatchObject({ format: 'mp3', sampleRate: 16_000, bitRate: 48 })
    expect(asked).toEqual([['low', 2]])
    expect(await create({ format: 'pcm' })).toMatchObject({ sampleRate: 24_000 })
    expect(await create({ format: 'wav', sampleRate: 48_000 })).toMatchObject({ sampleRate: 48_000 })
  })

  test('by a key is remembered as that key’s', async () => {
    const user = await core.user()
    const as = await user.withKey(['generations:write'])
    const { id } = await createGeneration(as, input('Words.'))
    const row = await db.selectFrom('generation').select('key_id').where('id', '=', rowId(id)).executeTakeFirst()
    expect(row?.key_id).toBe('keyId' in as.actor && as.actor.keyId)
  })

  test('is kept to the letter, whatever the letters', async () => {
    const { as } = await core.user()
    const text =
      'Ünïcödé “quotes”, \u{1F600}, tab\t, line\r\nbreaks\u2028, \u0001 control, \\u0000, {"json": true}, 日本語, ﷽, a\u0301.'
    const { id } = await createGeneration(as, input(text))
    expect((await getGeneration(as, { id: rowId(id) })).text).toBe(text)
  })
})

describe('what is refused leaves nothing behind', () => {
  test('a voice that never was', async () => {
    const { id, as } = await core.user()
    const refused = await refusal(createGeneration(as, parse({ text: 'Words.', voiceId: `voi_${newId()}` })))
    expect(refused).toMatchObject({ reason: 'voice_not_found', message: 'voiceId: there is no such voice.' })
    expect(await traces(id)).toEqual(nothing)
  })

  test('a voice that is somebody else’s, in the same words', async () => {
    const [owner, { id, as }] = [await core.user(), await core.user()]
    const { id: voiceId } = await giveVoice(owner.as, { aliases: ['mine'] })
    for (const called of [voiceId, 'mine', 'Mine']) {
      const refused = await refusal(createGeneration(as, parse({ text: 'Words.', voiceId: called })))
      expect(refused).toMatchObject({ reason: 'voice_not_found', message: 'voiceId: there is no such voice.' })
    }
    expect(await traces(id)).toEqual(nothing)
    await createGeneration(owner.as, parse({ text: 'Words.', voiceId }))
  })

  test.for([
    ['an id of another noun', `gen_${newId()}`],
    ['an id without its prefix', newId()],
    ['an id in capitals', `voi_${newId().toUpperCase()}`],
    ['a part of an id', 'voi_'],
    ['SQL', "voi_' or 1=1 --"],
  ] as const)('a voice that is %s, which nobody is called', async ([, voiceId]) => {
    const { id, as } = await core.user()
    const refused = await refusal(createGeneration(as, parse({ text: 'Words.', voiceId })))
    expect(refused).toMatchObject({ reason: 'voice_not_found', message: 'voiceId: there is no such voice.' })
    expect(await traces(id)).toEqual(nothing)
  })

  test('a voice whose engine is not there, or no longer brings it', async () => {
    const { id, as } = await core.user()
    const withoutEngine = { ...as, engines: new Map() }
    expect(await refusal(createGeneration(withoutEngine, input('Words.')))).toMatchObject({
      reason: 'voice_unavailable',
    })
    await db.updateTable('voice').set({ available: false }).where('id', '=', low).execute()
    onTestFinished(() =>
      db
        .updateTable('voice')
        .set({ available: true })
        .where('id', '=', low)
        .execute()
        .then(() => undefined),
    )
    expect(await refusal(createGeneration(as, input('Words.')))).toMatchObject({ reason: 'voice_unavailable' })
    expect(await traces(id)).toEqual(nothing)
  })

  test.for([
    ['empty', ''],
    ['blank', ' \n\t\r\n\u00a0\u2003\ufeff '],
  ])('a text that is %s', async ([, text]) => {
    const { id, as } = await core.user()
    const refused = await refusal(createGeneration(as, input(text!)))
    expect(refused).toMatchObject({ reason: 'text_empty', issues: [{ field: 'text' }] })
    expect(refused.message).toMatch(/^text: /)
    expect(await traces(id)).toEqual(nothing)
  })

  test('a text of more paragraphs than any book has', async () => {
    const { id, as } = await core.user({ planId: 'unlimited' })
    const refused = await refusal(createGeneration(as, input('a\n\n'.repeat(330_000))))
    expect(refused).toMatchObject({ reason: 'text_too_long', issues: [{ field: 'text' }] })
    expect(refused.message).toContain('20000 paragraphs')
    expect(await traces(id)).toEqual(nothing)
  })

  test('a text longer than the plan allows, by one character', async () => {
    const { id, as } = await core.user()
    const plan = await db.selectFrom('plan').select('max_characters').where('id', '=', 'free').executeTakeFirstOrThrow()
    const refused = await refusal(createGeneration(as, input('a'.repeat(plan.max_characters + 1))))
    expect(refused).toMatchObject({ reason: 'text_too_long', issues: [{ field: 'text' }] })
    expect(refused.message).toContain("5001 characters are more than your plan's 5000")
    expect(await traces(id)).toEqual(nothing)
    await createGeneration(as, input('a'.repeat(plan.max_characters)))
  })

  test('a text that the engine cannot speak, in the engine’s words', async () => {
    const { id, as } = await core.user()
    const refused = await refusal(createGeneration(as, input('It costs 5 ¤.')))
    expect(refused).toMatchObject({ reason: 'text_not_speakable', message: 'text: a ¤ has no sound.' })
    expect(await traces(id)).toEqual(nothing)
  })

  test.for([
    [{ format: 'opus', sampleRate: 44_100 }, 'sampleRate', 'opus takes 8000, 16000, 24000, or 48000 Hz, not 44100.'],
    [{ format: 'wav', bitRate: 64 }, 'bitRate', 'wav takes none: its bit rate follows from its sample rate.'],
  ] as const)('audio that nobody makes: %o', async ([asked, field, message]) => {
    const { id, as } = await core.user()
    const refused = await refusal(createGeneration(as, input('Words.', asked)))
    expect(refused).toMatchObject({ reason: 'invalid_input', issues: [{ field, message }] })
    expect(await traces(id)).toEqual(nothing)
  })

  test('a text that needs more than is left', async () => {
    const { id, as } = await core.user()
    await db
      .updateTable('account')
      .set({ plan_id: await plan(1) })
      .where('id', '=', id)
      .execute()
    const refused = await refusal(createGeneration(as, input('a'.repeat(51))))
    expect(refused.reason).toBe('quota_exceeded')
    expect(refused.message).toMatch(/up to 1\.0 s of audio, and 1\.0 s are left/)
    expect(await traces(id)).toEqual(nothing)
    await createGeneration(as, input('a'.repeat(50)))
  })

  test.for([
    ['a NUL in the text', { text: 'a\0b' }, 'text'],
    ['half a surrogate pair in the text', { text: 'a\ud83d' }, 'text'],
    ['the other half', { text: '\ude00b' }, 'text'],
    ['no text', { text: undefined }, 'text'],
    ['a text that is a number', { text: 7 }, 'text'],
    ['a voice of no name', { voiceId: ' \n' }, 'voiceId'],
    ['a voice of a name too long', { voiceId: 'a'.repeat(101) }, 'voiceId'],
    ['a voice that is a number', { voiceId: 7 }, 'voiceId'],
    ['a format nobody makes', { format: 'midi' }, 'format'],
    ['a rate that is a word', { sampleRate: '24000' }, 'sampleRate'],
    ['a bit rate without end', { bitRate: Number.POSITIVE_INFINITY }, 'bitRate'],
    ['a loudness nobody hears', { loudness: -30.1 }, 'loudness'],
    ['a loudness that hurts', { loudness: -9.9 }, 'loudness'],
    ['a speed too low', { settings: { speed: 0.249 } }, 'settings.speed'],
    ['a speed too high', { settings: { speed: 4.001 } }, 'settings.speed'],
    ['a speed that is no number', { settings: { speed: Number.NaN } }, 'settings.speed'],
    ['a pitch too low', { settings: { pitch: -12.5 } }, 'settings.pitch'],
    ['an endless pitch', { settings: { pitch: Number.POSITIVE_INFINITY } }, 'settings.pitch'],
    ['a setting there is not', { settings: { mood: 'sad' } }, 'settings'],
    ['a field there is not', { userId: newId() }, ''],
    ['a title of nothing', { title: '  ' }, 'title'],
    ['a title of 201 characters', { title: 'a'.repeat(201) }, 'title'],
  ] as const)('%s', ([, change, field]) => {
    const { error } = createGenerationInput.safeParse({ text: 'Words.', voiceId: `voi_${low}`, ...change })
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field])
  })

  test('a key without the scope, and nobody at all', async () => {
    const user = await core.user()
    const reader = await user.withKey(['generations:read', 'admin'])
    expect(await refusal(createGeneration(reader, input('Words.')))).toMatchObject({ reason: 'scope_missing' })
    const system = { ...user.as, actor: { kind: 'system' } as const }
    expect(await refusal(createGeneration(system, input('Words.')))).toMatchObject({ reason: 'forbidden' })
    expect(await traces(user.id)).toEqual(nothing)
  })

  test('and so does what fails after the reservation', async () => {
    const { id, as } = await core.user()
    await sql`alter table event add constraint broken check (user_id <> ${sql.lit(id)}) not valid`.execute(core.owner)
    await expect(createGeneration(as, input('Words.'))).rejects.toThrow('broken')
    expect(await traces(id)).toEqual(nothing)
  })
})

describe('an idempotency key', () => {
  const create = (as: Parameters<typeof createGeneration>[0], text: string, idempotencyKey: string) =>
    createGeneration(as, input(text), { idempotencyKey })

  test('gets the first answer again, to the byte, whatever has become of it', async () => {
    const { id, as } = await core.user()
    const first = await create(as, 'Words “there”.', 'once')
    await cancelGeneration(as, { id: rowId(first.id) })
    const again = await create(as, 'Words “there”.', 'once')
    expect(JSON.stringify(again)).toBe(JSON.stringify(first))
    expect(await traces(id)).toMatchObject({ generations: 1, jobs: 1, keys: 1 })
  })

  test('is refused for another request, and the first answer stays', async () => {
    const { id, as } = await core.user()
    const first = await create(as, 'Words.', 'once')
    expect(await refusal(create(as, 'Other words.', 'once'))).toMatchObject({ reason: 'idempotency_key_reused' })
    const otherFormat = createGeneration(as, input('Words.', { format: 'wav' }), { idempotencyKey: 'once' })
    expect(await refusal(otherFormat)).toMatchObject({ reason: 'idempotency_key_reused' })
    const louder = createGeneration(as, input('Words.', { loudness: -16 }), { idempotencyKey: 'once' })
    expect(await refusal(louder)).toMatchObject({ reason: 'idempotency_key_reused' })
    expect(await create(as, 'Words.', 'once')).toEqual(first)
    expect(await traces(id)).toMatchObject({ generations: 1 })
  })

  test('sent by twenty at once makes one generation, which all of them are told of', async () => {
    const { id, as } = await core.user()
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(as, 'Words.', 'at once')))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(await traces(id)).toEqual({ generations: 1, events: 1, streams: 1, keys: 1, jobs: 1, reserved: 1 })
  })

  test('means nothing to another user', async () => {
    const [mine, yours] = [await core.user(), await core.user()]
    const first = await create(mine.as, 'Words.', 'shared')
    const second = await create(yours.as, 'Other words.', 'shared')
    expect(second.id).not.toBe(first.id)
  })

  test('is free again after a refusal, since nothing was done', async () => {
    const { id, as } = await core.user()
    expect(await refusal(create(as, '¤', 'try'))).toMatchObject({ reason: 'text_not_speakable' })
    expect(await traces(id)).toEqual(nothing)
    expect(await create(as, 'Words.', 'try')).toMatchObject({ state: 'queued' })
  })

  test('is forgotten after 24 hours and not before', async () => {
    const { as, id } = await core.user()
    const first = await create(as, 'Words.', 'daily')
    const age = (interval: string) =>
      db
        .updateTable('idempotency')
        .set({ created_at: sql`now() - ${interval}::interval` })
        .where('user_id', '=', id)
        .execute()
    await age('23 hours 59 minutes')
    expect(await create(as, 'Words.', 'daily')).toEqual(first)
    await age('24 hours 1 minute')
    const second = await create(as, 'Other words.', 'daily')
    expect(second.id).not.toBe(first.id)
    expect(await create(as, 'Other words.', 'daily')).toEqual(second)
  })

  test('is in flight while the first request takes longer than a lock is waited for', async () => {
    const { as, id } = await core.user()
    const other = createDb({ connectionString: core.connectionString, max: 1 })
    onTestFinished(() => other.destroy())
    await transaction(other, async (trx) => {
      await trx
        .insertInto('idempotency')
        .values({
          user_id: id,
          route: 'generations.create',
          key: 'slow',
          request_hash: Buffer.alloc(32),
          response: '1',
        })
        .execute()
      const refused = await refusal(create(as, 'Words.', 'slow'))
      expect(refused).toMatchObject({ reason: 'idempotency_in_flight', retryAfterSeconds: 1 })
      await trx.deleteFrom('idempotency').where('user_id', '=', id).execute()
    })
    expect(await create(as, 'Words.', 'slow')).toMatchObject({ state: 'queued' })
  })

  test.for([
    ['empty', ''],
    ['of 256 characters', 'a'.repeat(256)],
  ])('that is %s is refused by its name', async ([, key]) => {
    const { as, id } = await core.user()
    const refused = await refusal(create(as, 'Words.', key!))
    expect(refused).toMatchObject({ reason: 'invalid_input', issues: [{ field: 'Idempotency-Key' }] })
    expect(await traces(id)).toEqual(nothing)
  })
})

let plans = 0
async function plan(secondsPerMonth: number): Promise<string> {
  const id = `test-${plans++}`
  await db
    .insertInto('plan')
    .values({
      id,
      name: id,
      seconds_per_month: secondsPerMonth,
      requests_per_minute: 60,
      concurrency: 4,
      storage_bytes: 0,
      max_characters: 5_000,
    })
    .execute()
  return id
}
