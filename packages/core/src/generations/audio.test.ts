import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { audioFormats } from '@loqui/audio/format'
import { decodeAudio, mostSurplusMs } from '@loqui/audio/testing'
import { readHeader } from '@loqui/audio/testing-header'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { generationAudio, mostRenditions } from './audio.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { runGeneration } from './run.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db, storage } = services
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

async function create(user: TestUser, more: object = {}): Promise<string> {
  const text = 'The first sentence is spoken alone. The second sentence is not the third.'
  const input = createGenerationInput.parse({ text, format: 'wav', voiceId: `voi_${low}`, ...more })
  return rowId((await createGeneration(user.as, input)).id)
}

async function done(user: TestUser, more: object = {}): Promise<string> {
  const id = await create(user, more)
  await runGeneration(services, { generationId: id }, new AbortController().signal)
  return id
}

describe('the audio of a generation', () => {
  test('in its own format is the object that was settled', async () => {
    const user = await core.user()
    const id = await done(user)
    const row = await db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    const expected = {
      key: row.audio_key,
      bytes: row.audio_bytes,
      sha256: row.audio_sha256,
      format: 'wav',
      sampleRate: 24_000,
      bitRate: null,
      loudness: null,
      fileName: `loqui-${id}.wav`,
      finishedAt: row.finished_at,
    }
    expect(await generationAudio(user.as, { id })).toEqual(expected)
    expect(await generationAudio(user.as, { id, format: 'wav' })).toEqual(expected)
    expect(await generationAudio(user.as, { id, sampleRate: 24_000, bitRate: null, loudness: null })).toEqual(expected)
  })

  test.for(audioFormats)('in %s is as long as was charged', async (format) => {
    const user = await core.user()
    const id = await done(user)
    const { duration_ms } = await db
      .selectFrom('generation')
      .select('duration_ms')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const audio = await generationAudio(user.as, { id, format })
    const bytes = await buffer(await storage.read(audio.key))
    expect(bytes.length).toBe(audio.bytes)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(audio.sha256)
    const { durationMs } = await decodeAudio(new Uint8Array(bytes), format)
    expect(durationMs - duration_ms!).toBeGreaterThan(-1)
    expect(durationMs - duration_ms!).toBeLessThan(1 + mostSurplusMs(format))
  })

  test('is another object for each way of making it, and the same one for the same way', async () => {
    const user = await core.user()
    const id = await done(user, { format: 'mp3', sampleRate: 44_100, bitRate: 192, loudness: -19 })
    const own = await generationAudio(user.as, { id })
    expect(own).toMatchObject({ format: 'mp3', sampleRate: 44_100, bitRate: 192, loudness: -19 })
    const ways = [
      [{ format: 'wav' }, { format: 'wav', sampleRate: 24_000, bitRate: null, loudness: -19 }],
      [
        { format: 'wav', loudness: null },
        { format: 'wav', sampleRate: 24_000, bitRate: null, loudness: null },
      ],
      [
        { format: 'wav', sampleRate: 8_000 },
        { format: 'wav', sampleRate: 8_000, loudness: -19 },
      ],
      [{ bitRate: 64 }, { format: 'mp3', sampleRate: 44_100, bitRate: 64, loudness: -19 }],
      [{ sampleRate: 24_000 }, { format: 'mp3', sampleRate: 24_000, bitRate: 64, loudness: -19 }],
      [{ loudness: -16 }, { format: 'mp3', sampleRate: 44_100, bitRate: 192, loudness: -16 }],
    ] as const
    const made = []
    for (const [asked, expected] of ways) {
      const audio = await generationAudio(user.as, { id, ...asked })
      expect(audio).toMatchObject(expected)
      expect(await generationAudio(user.as, { id, ...asked })).toEqual(audio)
      expect(await generationAudio(user.as, { id, ...expected })).toEqual(audio)
      made.push(audio.key)
    }
    expect(new Set([own.key, ...made]).size).toBe(ways.length + 1)
    expect((await core.objects(id)).filter((key) => key.includes('renditions'))).toEqual(made.toSorted())
    expect(new Set(made.map((key) => /\.(\w+)$/.exec(key)?.[1]))).toEqual(new Set(['wav', 'mp3']))
  })

  test('is refused for what the format does not take, before it is ready and after', async () => {
    const user = await core.user()
    for (const id of [await create(user, { format: 'opus' }), await done(user, { format: 'opus' })]) {
      const refused = await refusal(generationAudio(user.as, { id, sampleRate: 44_100 }))
      expect(refused).toMatchObject({ reason: 'invalid_input', issues: [{ field: 'sampleRate' }] })
    }
  })

  test('says in the file what it is called, and by whom it is spoken', async () => {
    const user = await core.user()
    const id = await done(user, { title: 'A title' })
    for (const format of ['mp3', 'opus', 'flac'] as const) {
      const { key } = await generationAudio(user.as, { id, format })
      const header = await readHeader(new Uint8Array(await buffer(await storage.read(key))), format)
      expect(header).toMatchObject({ title: 'A title', voice: 'A low tone', comment: 'AI-generated' })
    }
  })

  test('made in more ways than there is room for is kept in the last of them', async () => {
    const user = await core.user()
    const id = await done(user)
    const keys = []
    for (let n = 0; n <= mostRenditions; n++) {
      keys.push((await generationAudio(user.as, { id, format: 'ulaw', loudness: -30 + n / 2 })).key)
    }
    expect((await core.objects(id)).filter((key) => key.includes('renditions'))).toEqual(keys.slice(1).toSorted())
    const again = await generationAudio(user.as, { id, format: 'ulaw', loudness: -30 })
    expect(keys).not.toContain(again.key)
    expect((await core.objects(id)).includes(keys[1]!)).toBe(false)
  })

  test('is made once, when ten ask for a format at once, and once more for none who asks later', async () => {
    const user = await core.user()
    const id = await done(user)
    const encode = vi.spyOn(services.assembler, 'encode')
    const answers = await Promise.all(Array.from({ length: 10 }, () => generationAudio(user.as, { id, format: 'mp3' })))
    answers.push(await generationAudio(user.as, { id, format: 'mp3' }))
    expect(new Set(answers.map(({ key }) => key)).size).toBe(1)
    expect(encode).toHaveBeenCalledTimes(1)
    encode.mockRestore()
    expect((await core.objects(id)).filter((key) => key.includes('renditions'))).toEqual([answers[0]!.key])
  })

  test('made by two processes at once is kept once, and both answer with that one', async () => {
    const user = await core.user()
    const id = await done(user)
    // The other process writes its own down while this one is about to.
    const slow: typeof storage = {
      ...storage,
      async put(key, body, options) {
        const object = await storage.put(key, body, options)
        await db
          .insertInto('rendition')
          .values({
            generation_id: id,
            format: 'opus',
            bit_rate: 48,
            audio_key: `${key.replace(/[^/]+$/, '')}other.opus`,
            audio_bytes: 1,
            audio_sha256: '',
          })
          .execute()
        return object
      },
    }
    const audio = await generationAudio({ ...user.as, storage: slow }, { id, format: 'opus' })
    expect(audio.key).toBe(`generations/${id}/renditions/other.opus`)
    expect((await core.objects(id)).filter((key) => key.includes('renditions'))).toEqual([])
  })

  test('that could not be made is made for the next who asks', async () => {
    const user = await core.user()
    const id = await done(user)
    const broken = { ...storage, put: () => Promise.reject(new Error('no answer')) }
    await expect(generationAudio({ ...user.as, storage: broken }, { id, format: 'flac' })).rejects.toThrow('no answer')
    expect(await generationAudio(user.as, { id, format: 'flac' })).toMatchObject({ format: 'flac' })
  })

  test.for([
    ['A title', 'A title.wav'],
    ['a/b\\c', 'a-b-c.wav'],
    ['Ünïcödé “quoted”', 'Ünïcödé “quoted”.wav'],
  ])('titled %j is a file named %j', async ([title, fileName]) => {
    const user = await core.user()
    expect(await generationAudio(user.as, { id: await done(user, { title }) })).toMatchObject({ fileName })
  })
})

describe('there is no audio', () => {
  test('of what waits, was canceled or failed', async () => {
    const user = await core.user()
    const id = await create(user)
    const waiting = await refusal(generationAudio(user.as, { id }))
    expect(waiting).toMatchObject({ reason: 'audio_not_ready', message: expect.stringContaining('queued') })
    await cancelGeneration(user.as, { id })
    const canceled = await refusal(generationAudio(user.as, { id, format: 'mp3' }))
    expect(canceled).toMatchObject({ reason: 'audio_not_ready', message: expect.stringContaining('canceled') })
  })

  test('for anybody else, or without the scope to read', async () => {
    const [owner, other] = [await core.user(), await core.user()]
    const id = await done(owner)
    for (const format of ['wav', 'mp3'] as const) {
      expect(await refusal(generationAudio(other.as, { id, format }))).toMatchObject({ reason: 'generation_not_found' })
    }
    const writer = await owner.withKey(['generations:write'])
    expect(await refusal(generationAudio(writer, { id }))).toMatchObject({ reason: 'scope_missing' })
    expect((await core.objects(id)).filter((key) => key.includes('renditions'))).toEqual([])
  })
})
