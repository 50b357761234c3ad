import { EngineError } from '@loqui/engines/engine'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../context.ts'
import { newId } from '../ids.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { giveVoice } from '../testing/samples.ts'
import { getVoice } from './get.ts'
import { voiceIdInput } from './input.ts'
import { listVoices, listVoicesInput } from './list.ts'
import { refreshPresetVoices, syncPresetVoices } from './sync.ts'
import { updateVoice, updateVoiceInput } from './update.ts'

const offline = createOfflineEngine({ threads: 1 })
const tone = createToneEngine()
const core = await testCore([offline, tone])
const { services } = core
const { db } = services
const { as } = await core.user()

const list = (input: object = {}, own: Context = as) => listVoices(own, listVoicesInput.parse({ limit: 100, ...input }))
const names = async (input: object = {}, own?: Context) => (await list(input, own)).items.map(({ name }) => name)
const everyName = [...offline.voices, ...tone.voices].map(({ name }) => name)
/** A process that has no other engine. */
const withOnly = (own: Context, ...engines: { readonly id: string; readonly voices: typeof tone.voices }[]) => ({
  ...own,
  engines: new Map(engines.map((engine) => [engine.id, { ...tone, ...engine }])),
})

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
        available: true,
        unavailable: null,
        fidelity: null,
        settings: {},
        labels: {},
        aliases: [],
        sampleIds: [],
        consentId: null,
        previewUrl:
          voice.engine === 'tone'
            ? null
            : expect.stringMatching(new RegExp(`^/api/v1/voices/${voice.id}/preview\\?v=[\\w-]{12}$`)),
      })
      expect(await getVoice(as, { id: rowId(voice.id) })).toEqual(voice)
    }
    const urls = items.flatMap(({ previewUrl }) => previewUrl ?? [])
    expect(new Set(urls).size).toBe(offline.voices.length)
  })

  test('are filtered by kind, gender, language and engine, and by all of them', async () => {
    const of = (keep: (voice: (typeof offline.voices)[number]) => boolean) =>
      offline.voices.filter(keep).map(({ name }) => name)
    expect(await names({ engine: 'offline', gender: 'female' })).toEqual(of(({ gender }) => gender === 'female'))
    expect(await names({ language: 'en' })).toEqual(everyName)
    expect(await names({ language: 'EN-us', engine: 'offline' })).toEqual(
      of(({ language }) => language.startsWith('en-US')),
    )
    expect(await names({ language: 'de' })).toEqual([])
    expect(await names({ kind: 'preset' })).toEqual(everyName)
    expect(await names({ kind: 'cloned' })).toEqual([])
    expect(await names({ available: true })).toEqual(everyName)
    expect(await names({ available: false })).toEqual([])
  })

  test.each([
    ['engine', 'tone'],
    ['engine', ''],
    ['kind', 'own'],
    ['gender', 'man'],
    ['available', 'yes'],
    ['search', 'x'.repeat(101)],
    ['limit', 101],
  ])('know no %s %j', (field, value) => {
    const { error } = listVoicesInput.safeParse({ [field]: value })
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field])
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

  test('are found by words of name, description, labels and one’s own aliases, whatever else is in them', async () => {
    const [owner, stranger] = [await core.user(), await core.user()]
    await giveVoice(owner.as, {
      name: 'Grandmother, 100 % real_',
      description: 'As she told tales',
      labels: { mood: 'Wärme', season: 'winter' },
      aliases: ['oma'],
    })
    const stella = await core.voiceId('stella')
    // What is not said is not changed, also where it is sent.
    const alias = { aliases: ['narrator'], settings: undefined }
    await updateVoice(owner.as, updateVoiceInput.parse({ id: `voi_${stella}`, ...alias }))
    for (const search of ['grand', 'MOTHER', 'tales told', 'wärme', 'SEASON', 'oma', '%', '_', ' real  tales ']) {
      expect(await names({ search, kind: 'cloned' }, owner.as), search).toEqual(['Grandmother, 100 % real_'])
    }
    expect(await names({ search: 'narr' }, owner.as)).toEqual(['Stella'])
    for (const search of ['narr', 'oma', 'grand']) expect(await names({ search }, stranger.as), search).toEqual([])
    for (const search of ['grand winter x', "'", '\\', '%%'])
      expect(await names({ search }, owner.as), search).toEqual([])
    expect(await names({ search: '  ' }, stranger.as)).toEqual(everyName)
  })

  test('that are somebody else’s are not there', async () => {
    const owner = await core.user()
    const { id } = await giveVoice(owner.as)
    expect(await names()).not.toContain('Mine')
    const foreign = await refusal(getVoice(as, { id: rowId(id) }))
    expect(foreign).toMatchObject({ reason: 'voice_not_found', message: 'id: there is no such voice.' })
    expect((await refusal(getVoice(as, { id: newId() }))).message).toBe(foreign.message)
    expect(await getVoice(owner.as, { id: rowId(id) })).toMatchObject({ name: 'Mine', kind: 'cloned' })
    expect(await names({}, owner.as)).toEqual([...everyName, 'Mine'])
  })

  test('are for who may read them, by an id that is one', async () => {
    const user = await core.user()
    const writer = await user.withKey(['generations:write'])
    expect(await refusal(listVoices(writer, listVoicesInput.parse({})))).toMatchObject({ reason: 'scope_missing' })
    expect(voiceIdInput.safeParse({ id: `gen_${newId()}` }).success).toBe(false)
  })
})

describe('a voice whose engine is not configured', () => {
  test('stays in the list and says so, and is told apart by a filter', async () => {
    const poor = withOnly(as, tone)
    expect(await names({}, poor)).toEqual(everyName)
    expect(await names({ available: true }, poor)).toEqual(tone.voices.map(({ name }) => name))
    const { items } = await list({ available: false }, poor)
    expect(items.map(({ name }) => name)).toEqual(offline.voices.map(({ name }) => name))
    for (const voice of items) expect(voice).toMatchObject({ available: false, unavailable: 'engine_not_configured' })
    expect(await getVoice(poor, { id: await core.voiceId('stella') })).toMatchObject({ available: false })
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
    syncPresetVoices(withOnly(as, ...engines))

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
    expect((await list({ search: 'renamed', gender: 'female' })).items).toMatchObject([{ engine: 'tone' }])
    await sync(offline, tone)
  })

  test('and kept, out of the list, when their engine no longer brings them, until it does again', async () => {
    const before = await ids()
    const [gone, ...rest] = tone.voices
    const goneId = await core.voiceId(gone!.id)
    for (const voices of [rest, []]) {
      await sync(offline, { ...tone, voices })
      expect(await names()).toEqual([...offline.voices, ...voices].map(({ name }) => name))
      expect(await getVoice(as, { id: goneId })).toMatchObject({
        available: false,
        unavailable: 'engine_not_configured',
      })
    }
    expect(await ids()).toEqual(before)
    await sync(offline, tone)
    expect(await names()).toEqual(everyName)
  })

  test('as an engine that has to ask for them is told, and left as they are while nobody tells', async () => {
    let told = [...tone.voices]
    const asks = { ...tone, id: 'asks', voices: [...tone.voices].slice(0, 0), refreshVoices: async () => {} }
    const refreshVoices = async () => {
      asks.voices = told
    }
    const there = { ...as, engines: new Map([[asks.id, asks]]) }
    const refresh = () => refreshPresetVoices(there, new AbortController().signal)
    const available = async () => (await list({ available: true }, there)).items.map(({ name }) => name)
    const rows = async () => db.selectFrom('voice').select('id').where('engine', '=', asks.id).orderBy('id').execute()

    asks.refreshVoices = refreshVoices
    await sync(asks)
    expect(await available()).toEqual([])
    await refresh()
    expect(await available()).toEqual(tone.voices.map(({ name }) => name))
    const before = await rows()

    told = tone.voices.slice(1)
    await refresh()
    expect(await available()).toEqual([tone.voices[1]?.name])
    asks.refreshVoices = () =>
      Promise.reject(new EngineError('nobody answers', { retryable: true, code: 'unavailable' }))
    await refresh()
    await sync(asks)
    expect(await available()).toEqual([tone.voices[1]?.name])

    told = [...tone.voices]
    asks.refreshVoices = refreshVoices
    await refresh()
    expect(await available()).toEqual(tone.voices.map(({ name }) => name))
    expect(await rows()).toEqual(before)
    await db.deleteFrom('voice').where('engine', '=', asks.id).execute()
  })

  test('by a process that lacks an engine, as by one that has it: they are not that process’s to take away', async () => {
    await sync(tone)
    expect(await names({ available: true })).toEqual(everyName)
    await sync()
    expect(await names({ available: true })).toEqual(everyName)
  })
})
