import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../ids.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { getVoice, getVoiceInput } from './get.ts'
import { listVoices, listVoicesInput } from './list.ts'
import { syncPresetVoices } from './sync.ts'

const offline = createOfflineEngine({ threads: 1 })
const tone = createToneEngine()
const core = await testCore([offline, tone])
const { services } = core
const { db } = services
const { as } = await core.user()

const list = (input: object = {}) => listVoices(as, listVoicesInput.parse({ limit: 100, ...input }))
const names = async (input: object = {}) => (await list(input)).items.map(({ name }) => name)
const everyName = [...offline.voices, ...tone.voices].map(({ name }) => name)

describe('the voices', () => {
  test('are those of the engines, women and men among them', async () => {
    const { items, nextCursor } = await list()
    expect(items.map(({ name }) => name)).toEqual(everyName)
    expect(nextCursor).toBeNull()
    for (const gender of ['female', 'male'] as const) {
      expect(items.filter((voice) => voice.engine === 'offline' && voice.gender === gender).length).toBeGreaterThan(0)
    }
    for (const voice of items) {
      expect(voice).toMatchObject({
        id: expect.stringMatching(/^voi_/),
        kind: 'preset',
        language: expect.stringMatching(/^en/),
      })
      expect(await getVoice(as, { id: rowId(voice.id) })).toEqual(voice)
    }
  })

  test('are filtered by gender, language and engine, and by all of them', async () => {
    const of = (keep: (voice: (typeof offline.voices)[number]) => boolean) =>
      offline.voices.filter(keep).map(({ name }) => name)
    expect(await names({ engine: 'offline', gender: 'female' })).toEqual(of(({ gender }) => gender === 'female'))
    expect(await names({ engine: 'tone' })).toEqual(tone.voices.map(({ name }) => name))
    expect(await names({ language: 'en' })).toEqual(everyName)
    expect(await names({ language: 'EN-us', engine: 'offline' })).toEqual(
      of(({ language }) => language.startsWith('en-US')),
    )
    expect(await names({ language: 'de' })).toEqual([])
    expect(await names({ engine: 'none' })).toEqual([])
  })

  test('come page by page, each once', async () => {
    const found: string[] = []
    let cursor: string | null = null
    do {
      const page = await list({ limit: 2, cursor })
      found.push(...page.items.map(({ name }) => name))
      cursor = page.nextCursor
    } while (cursor)
    expect(found).toEqual(everyName)
  })

  test.for(['e', 'english', 'en_US', 'en-', 'e%', "en'", ''])('know no language %j', (language) => {
    const { error } = listVoicesInput.safeParse({ language })
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['language'])
  })

  test('that are somebody else’s are not there', async () => {
    const owner = await core.user()
    const id = newId()
    await db
      .insertInto('voice')
      .values({
        id,
        user_id: owner.id,
        engine: 'tone',
        engine_voice: 'mine',
        name: 'Mine',
        gender: 'female',
        language: 'en',
      })
      .execute()
    expect(await names()).not.toContain('Mine')
    const foreign = await refusal(getVoice(as, { id }))
    expect(foreign).toMatchObject({ reason: 'voice_not_found', message: 'id: there is no such voice.' })
    expect((await refusal(getVoice(as, { id: newId() }))).message).toBe(foreign.message)
    expect(await getVoice(owner.as, { id })).toMatchObject({ name: 'Mine' })
    expect((await listVoices(owner.as, listVoicesInput.parse({ limit: 100 }))).items.map(({ name }) => name)).toContain(
      'Mine',
    )
  })

  test('are for who may read them, by an id that is one', async () => {
    const user = await core.user()
    const writer = await user.withKey(['generations:write'])
    expect(await refusal(listVoices(writer, listVoicesInput.parse({})))).toMatchObject({ reason: 'scope_missing' })
    expect(getVoiceInput.safeParse({ id: `gen_${newId()}` }).success).toBe(false)
  })
})

describe('the engines’ voices are written down', () => {
  const ids = async () => {
    const rows = await db
      .selectFrom('voice')
      .select(['id', 'engine_voice'])
      .where('user_id', 'is', null)
      .orderBy('id')
      .execute()
    return rows.map(({ id }) => id)
  }
  const sync = (...engines: { readonly id: string; readonly voices: typeof tone.voices }[]) =>
    syncPresetVoices({ ...services, engines: new Map(engines.map((engine) => [engine.id, { ...tone, ...engine }])) })

  beforeAll(() => sync(offline, tone))
  afterAll(() => sync(offline, tone))

  test('at every start under the same ids, by many processes at once', async () => {
    const before = await ids()
    await Promise.all(Array.from({ length: 6 }, () => sync(offline, tone)))
    expect(await ids()).toEqual(before)
    expect(await names()).toEqual(everyName)
  })

  test('as they change', async () => {
    const [first, ...rest] = tone.voices
    await sync(offline, { ...tone, voices: [{ ...first!, name: 'Renamed', gender: 'female' }, ...rest] })
    expect((await list({ engine: 'tone', gender: 'female' })).items).toMatchObject([{ name: 'Renamed' }])
    await sync(offline, tone)
  })

  test('and kept, out of the list, when their engine is gone, until it comes back', async () => {
    const before = await ids()
    await sync(tone)
    expect(await names()).toEqual(tone.voices.map(({ name }) => name))
    expect(await ids()).toEqual(before)
    await sync(offline, tone)
    expect(await names()).toEqual(everyName)
  })
})
