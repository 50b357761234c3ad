import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { audioFormats } from '@loqui/audio/format'
import { takenRates } from '@loqui/audio/output'
import { decodeAudio, mostSurplusMs } from '@loqui/audio/testing'
import { isRaw, readHeader } from '@loqui/audio/testing-header'
import { EngineError } from '@loqui/engines/engine'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { StorageError } from '@loqui/storage/storage'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { z } from 'zod'
import { newId } from '../ids.ts'
import { rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { currentUsage } from '../usage/current.ts'
import { createCover } from './cover.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { createFairSlots } from './fair-slots.ts'
import { joinSegments } from './join.ts'
import { ownOutput } from './output.ts'
import { type RunContext, runGeneration } from './run.ts'
import { ensureSegments } from './segments.ts'
import { speakSegment } from './speak.ts'

const engine = createToneEngine()
const offline = createOfflineEngine({ threads: 1 })
const core = await testCore([engine, offline])
const { services } = core
const { db } = services
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

/** Three segments of the tone engine, 350 ms apart. */
const sentences = [
  'The first sentence is spoken alone.',
  'The second sentence is not the third.',
  'The third one ends it all.',
]
const text = sentences.join(' ')
const durationMs = text.replaceAll('. ', '.').length * toneMsPerCharacter + 2 * 350

async function create(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}) {
  // What these tests count is what the engine speaks.
  const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}`, cache: false, ...own })
  return rowId((await createGeneration(user.as, input)).id)
}

const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const segments = (id: string) =>
  db.selectFrom('segment').selectAll().where('generation_id', '=', id).orderBy('index').execute()
const run = (id: string, context: Partial<RunContext> = {}, signal = new AbortController().signal) =>
  runGeneration({ ...services, ...context }, { generationId: id }, signal)

async function eventTypes(id: string): Promise<string[]> {
  const rows = await db.selectFrom('event').select('type').where('generation_id', '=', id).orderBy('seq').execute()
  return rows.map(({ type }) => type)
}

async function expectFailed(user: TestUser, id: string, reason: string): Promise<void> {
  expect(await row(id)).toMatchObject({ state: 'failed', error_reason: reason, charged_ms: 0, audio_key: null })
  expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, reservedMs: 0 })
  // Nothing of it but what was finished.
  const finished = reason === 'storage_full' ? [] : (await segments(id)).flatMap(({ audio_key }) => audio_key ?? [])
  expect(await core.objects(id)).toEqual(finished.sort())
  expect((await eventTypes(id)).at(-1)).toBe('failed')
  // The attempt says why in the log; people get the reason.
  expect(core.alarms.splice(0).length).toBeGreaterThan(0)
}

describe('a generation that runs', () => {
  test('speaks its segments once each, joins and settles what it decodes to', async () => {
    const user = await core.user()
    const id = await create(user)
    await run(id)

    expect([...engine.spoken].sort()).toEqual([...sentences].sort())
    const done = await row(id)
    expect(done).toMatchObject({
      state: 'succeeded',
      segments_total: 3,
      segments_done: 3,
      duration_ms: durationMs,
      charged_ms: durationMs,
      actual_cost_micros: 21,
      attempts: 1,
    })
    const bytes = await buffer(await services.storage.read(done.audio_key!))
    expect(bytes.length).toBe(done.audio_bytes)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(done.audio_sha256)
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: durationMs, reservedMs: 0 })
    expect(await eventTypes(id)).toEqual(['queued', 'running', 'segment', 'segment', 'segment', 'succeeded'])
    expect(await core.objects(id)).toEqual(
      [done.audio_key!, ...(await segments(id)).map(({ audio_key }) => audio_key!)].sort(),
    )
  })

  const outputs = audioFormats.flatMap((format) => {
    const rates = takenRates(format)
    return [rates.at(0)!, rates.at(-1)!].map((sampleRate) => ({ format, sampleRate }))
  })
  test.for(outputs)('records the duration that $format at $sampleRate Hz decodes to', async (output) => {
    const { format, sampleRate } = output
    const user = await core.user()
    const id = await create(user, output)
    await run(id)
    const { duration_ms, charged_ms, audio_key } = await row(id)
    const bytes = new Uint8Array(await buffer(await services.storage.read(audio_key!)))
    const decoded = await decodeAudio(bytes, format, sampleRate)
    expect(decoded.sampleRate).toBe(format === 'opus' ? 48_000 : sampleRate)
    expect({ duration_ms, charged_ms }).toEqual({ duration_ms: durationMs, charged_ms: durationMs })
    expect(decoded.durationMs - durationMs).toBeGreaterThan(-1)
    expect(decoded.durationMs - durationMs).toBeLessThan(1 + mostSurplusMs(format, sampleRate))
    if (!isRaw(format)) {
      const { seconds } = await readHeader(bytes, format)
      expect(Math.abs(seconds * 1_000 - decoded.durationMs)).toBeLessThan(1)
    }
  })

  test('brings it to the loudness asked for, and charges the same', async () => {
    const user = await core.user()
    const peaks = []
    for (const loudness of [null, -30, -20]) {
      const id = await create(user, { format: 'pcm', loudness })
      await run(id)
      const { duration_ms, charged_ms, audio_key } = await row(id)
      expect({ duration_ms, charged_ms }).toEqual({ duration_ms: durationMs, charged_ms: durationMs })
      const bytes = new Uint8Array(await buffer(await services.storage.read(audio_key!)))
      const { samples } = await decodeAudio(bytes, 'pcm')
      peaks.push(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0))
    }
    const [asSpoken, softer, louder] = peaks as [number, number, number]
    expect(softer).not.toBe(asSpoken)
    // A steady tone is as much louder as its peaks are.
    expect(20 * Math.log10(louder / softer)).toBeCloseTo(10, 1)
  })

  test('says in the file what it is called, who speaks, and that nobody did', async () => {
    const user = await core.user()
    for (const [format, title] of [
      ['wav', 'A title'],
      ['mp3', 'Ünïcödé “quoted”'],
      ['opus', '日本語'],
      ['flac', null],
    ] as const) {
      const id = await create(user, { format, title })
      await run(id)
      const bytes = await buffer(await services.storage.read((await row(id)).audio_key!))
      expect(await readHeader(new Uint8Array(bytes), format)).toMatchObject({
        title: title ?? undefined,
        voice: 'A low tone',
        comment: 'AI-generated',
        maker: 'Loqui',
      })
    }
  })

  test('speaks through the offline engine what fits into what was held for it', async () => {
    const user = await core.user()
    const id = await create(user, {
      text: 'Alice was beginning to get very tired of sitting by her sister on the bank. “What is the use of a book,” thought Alice, “without pictures?”',
      voiceId: `voi_${await core.voiceId(offline.voices[0]!.id)}`,
    })
    await run(id)
    const { state, duration_ms, charged_ms, reserved_ms } = await row(id)
    expect(state).toBe('succeeded')
    expect(duration_ms).toBeGreaterThan(4_000)
    expect(duration_ms).toBeLessThan(reserved_ms)
    expect(charged_ms).toBe(duration_ms)
  })

  test('from the queue is run without anybody asking twice', async () => {
    const user = await core.user()
    core.work()
    const ids = await Promise.all([create(user), create(user), create(user)])
    for (const id of ids) await vi.waitFor(async () => expect((await row(id)).state).toBe('succeeded'), 10_000)
    expect(engine.spoken).toHaveLength(9)
  })

  test('that has ended is left as it is', async () => {
    const user = await core.user()
    const id = await create(user)
    await run(id)
    const before = await row(id)
    await run(id)
    expect(await row(id)).toEqual(before)
    expect(engine.spoken).toHaveLength(3)
    await run(newId())
  })

  test('has no more segments in flight than the process has room for', async () => {
    const user = await core.user()
    const ids = await Promise.all([create(user), create(user)])
    engine.hold()
    const segmentSlots = createFairSlots(4)
    const running = ids.map((id) => run(id, { segmentSlots }))
    await expect.poll(() => engine.held.length).toBe(4)
    expect(engine.spoken).toHaveLength(4)
    engine.release()
    await Promise.all(running)
  })
})

describe('after a crash', () => {
  /** A worker that was killed when it had stored the first `count` segments. */
  async function killedAfter(id: string, count: number): Promise<string> {
    const attempt = newId()
    const claimed = await services.transitions.claim(id, attempt)
    const all = await ensureSegments(services, claimed!)
    const cover = createCover(services.transitions, claimed!, all, engine)
    for (const segment of all.slice(0, count)) {
      await speakSegment(
        services,
        claimed!,
        segment,
        { engine, cover, ensureWanted: () => undefined },
        new AbortController().signal,
      )
    }
    return attempt
  }

  test.for([0, 1, 2, 3])('with %i of 3 segments stored, the next attempt speaks only the others', async (stored) => {
    const user = await core.user()
    const id = await create(user)
    await killedAfter(id, stored)
    expect(engine.spoken).toHaveLength(stored)
    await run(id)
    expect(engine.spoken.toSorted()).toEqual(sentences.toSorted())
    expect(await row(id)).toMatchObject({ state: 'succeeded', duration_ms: durationMs, segments_done: 3, attempts: 2 })
    expect((await segments(id)).map(({ attempts }) => attempts)).toEqual([1, 1, 1])
    expect(await eventTypes(id)).toEqual(['queued', 'running', 'segment', 'segment', 'segment', 'succeeded'])
  })

  test('what the dead attempt had stored but not written down is removed in the end', async () => {
    const user = await core.user()
    const id = await create(user)
    const dead = await killedAfter(id, 1)
    const orphans = [`generations/${id}/${dead}/1.pcm`, `generations/${id}/${dead}/audio.pcm`]
    for (const key of orphans) await services.storage.put(key, Buffer.from('left behind'))
    await run(id)
    const objects = await core.objects(id)
    for (const key of orphans) expect(objects).not.toContain(key)
    expect(objects).toHaveLength(4)
    expect(objects).toContain(`generations/${id}/${dead}/0.pcm`)
  })

  test('also when the attempt that succeeded died before it did so, and its job was given on', async () => {
    const user = await core.user()
    const id = await create(user)
    await run(id)
    const kept = await core.objects(id)
    await services.storage.put(`generations/${id}/${newId()}/1.pcm`, Buffer.from('left behind'))
    await run(id)
    expect(await core.objects(id)).toEqual(kept)
  })

  test('a text that kills every worker is given up after five attempts', async () => {
    const user = await core.user()
    const id = await create(user)
    for (let attempt = 0; attempt < 5; attempt++) await killedAfter(id, 0)
    await run(id)
    expect(engine.spoken).toEqual([])
    expect((await row(id)).error_message).toContain('5 times')
    await expectFailed(user, id, 'internal')
  })

  test('progress, however slow, is never given up', async () => {
    const user = await core.user()
    const id = await create(user)
    for (let attempt = 0; attempt < 4; attempt++) await killedAfter(id, 0)
    await killedAfter(id, 1)
    for (let attempt = 0; attempt < 4; attempt++) await killedAfter(id, 0)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 10 })
  })
})

describe('joining while segments are still being made', () => {
  const long = Array.from({ length: 6 }, (_, n) => `Sentence number ${n} is one of the six.`).join(' ')

  test.for(audioFormats)('makes the same %s as joining them all at the end', async (format) => {
    const user = await core.user()
    const id = await create(user, { text: long, format, title: 'A title' })
    await run(id)
    const { audio_key, audio_bytes, audio_sha256, duration_ms } = await row(id)
    const stored = await segments(id)
    expect(stored).toHaveLength(6)
    const output = ownOutput(await row(id))
    const tags = { title: 'A title', voice: 'A low tone' }
    const joined = await joinSegments(services, `generations/${id}/again`, stored, output, tags)
    expect(joined).toMatchObject({ bytes: audio_bytes, sha256: audio_sha256, durationMs: duration_ms })
    const bytes = await buffer(await services.storage.read(audio_key!))
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(audio_sha256)
    await services.storage.remove([`generations/${id}/again`])
  })

  test('begins before the last one is spoken, and leaves nothing of it where that is never spoken', async () => {
    const user = await core.user()
    const id = await create(user, { text: long, format: 'wav' })
    const drafted = Promise.withResolvers<void>()
    let disposed = 0
    const storage: RunContext['storage'] = {
      ...services.storage,
      async draft(key) {
        const draft = await services.storage.draft(key)
        return {
          ...draft,
          async write(bytes, position) {
            await draft.write(bytes, position)
            // Of the first sentence, behind the header.
            if (position > 44) drafted.resolve()
          },
          async [Symbol.asyncDispose]() {
            await draft[Symbol.asyncDispose]()
            disposed++
          },
        }
      },
    }
    const speaking: typeof engine = {
      ...engine,
      async speak(request, options) {
        if (!request.text.includes('number 5')) return engine.speak(request, options)
        await drafted.promise
        throw new EngineError('it does not', { retryable: false })
      },
    }
    await run(id, { storage, engines: new Map([[engine.id, speaking]]) })
    await expectFailed(user, id, 'engine_failed')
    expect(disposed).toBe(1)
  })

  test('fails the attempt where there is no room for it', async () => {
    const user = await core.user()
    const id = await create(user, { text: long, format: 'wav' })
    const storage: RunContext['storage'] = {
      ...services.storage,
      draft: () => Promise.reject(new StorageError('full', 'The disk is full')),
    }
    await run(id, { storage })
    await expectFailed(user, id, 'storage_full')
  })
})

describe('an attempt that lost its generation to another', () => {
  test('while it spoke changes nothing, leaves no object, and says nothing', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const zombie = run(id)
    await expect.poll(() => engine.held.length).toBe(3)
    const { attempt: lost } = await row(id)
    // Somebody else has it, and has stored a segment by now.
    const attempt = newId()
    const claimed = await services.transitions.claim(id, attempt)
    engine.release()
    await zombie
    expect(await row(id)).toMatchObject({ state: 'running', attempt, segments_done: 0 })
    expect((await core.objects(id)).filter((key) => key.includes(lost!))).toEqual([])
    expect(claimed).toBeDefined()
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', segments_done: 3 })
  })

  test('when it was about to settle does not settle, and its audio is removed', async () => {
    const user = await core.user()
    const id = await create(user)
    const arrived = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const storage: RunContext['storage'] = {
      ...services.storage,
      async put(key, body, options) {
        // Not before the other one has settled and cleaned up behind it.
        if (key.endsWith('audio.pcm')) {
          arrived.resolve()
          await goOn.promise
        }
        return services.storage.put(key, body, options)
      },
    }
    const zombie = run(id, { storage })
    await arrived.promise
    const { attempt: lost } = await row(id)
    await run(id)
    const settled = await row(id)
    goOn.resolve()
    await zombie
    expect(await row(id)).toEqual(settled)
    expect(settled.audio_key).not.toContain(lost)
    expect(await core.objects(id)).not.toContain(`generations/${id}/${lost}/audio.pcm`)
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: durationMs, reservedMs: 0 })
  })
})

describe('an engine that', () => {
  test('fails for a moment is asked again', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.fail('second', new EngineError('busy', { retryable: true }))
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 1 })
    expect(engine.spoken.filter((spoken) => spoken === sentences[1])).toHaveLength(2)
    expect(engine.spoken).toHaveLength(4)
  })

  test('refuses for good fails the generation at once, with a reason and without a charge', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.fail('second', new EngineError('the secret of the engine', { retryable: false }))
    await run(id)
    expect(engine.spoken.filter((spoken) => spoken === sentences[1])).toHaveLength(1)
    expect((await row(id)).error_message).toBe('The engine could not speak this text. Nothing was charged.')
    await expectFailed(user, id, 'engine_failed')
  })

  test('keeps failing for a moment fails the generation after three tries', async () => {
    const user = await core.user()
    const id = await create(user)
    const busy = new EngineError('busy', { retryable: true })
    engine.fail('second', busy, busy, busy, busy)
    await run(id)
    expect(engine.spoken.filter((spoken) => spoken === sentences[1])).toHaveLength(3)
    await expectFailed(user, id, 'engine_failed')
  })

  test('refuses one segment stops the calls for the others', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const { spoken } = engine
    const failing: RunContext['engines'] = new Map([
      [
        'tone',
        {
          ...engine,
          speak: async (request, options) => {
            if (!request.text.includes('second')) return engine.speak(request, options)
            await vi.waitFor(() => expect(spoken).toHaveLength(2))
            throw new EngineError('no', { retryable: false })
          },
        },
      ],
    ])
    await run(id, { engines: failing })
    expect(engine.aborted.toSorted()).toEqual([sentences[0], sentences[2]].toSorted())
    await expectFailed(user, id, 'engine_failed')
  })

  test('does not work for one segment lets the others end that it is at work on', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const out = Promise.withResolvers<void>()
    const failing: RunContext['engines'] = new Map([
      [
        'tone',
        {
          ...engine,
          speak: async (request, options) => {
            if (!request.text.includes('second')) return engine.speak(request, options)
            await vi.waitFor(() => expect(engine.held).toHaveLength(2))
            out.resolve()
            throw new EngineError('left alone', { code: 'unavailable', retryable: true, retryAfterMs: 15_000 })
          },
        },
      ],
    ])
    const running = run(id, { engines: failing })
    await out.promise
    // By then it has failed, and whoever would be aborted for it is.
    await setImmediate()
    engine.release()
    await running
    expect(engine.aborted).toEqual([])
    expect((await segments(id)).map(({ state }) => state)).toEqual(['stored', 'submitted', 'stored'])
    expect(await row(id)).toMatchObject({ state: 'running', degraded_at: expect.any(Date) })
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 2 })
    expect(engine.spoken).toHaveLength(3)
  })

  test('does not work for one segment is asked for none that is not begun', async () => {
    const user = await core.user()
    const twelve = Array.from({ length: 12 }, (_, index) => `This is sentence ${index + 10} of all twelve.`)
    const id = await create(user, { text: twelve.join(' ') })
    engine.hold()
    engine.fail(
      'sentence 10',
      new EngineError('left alone', { code: 'unavailable', retryable: true, retryAfterMs: 15_000 }),
    )
    const running = run(id)
    await expect.poll(() => engine.held.length).toBe(8)
    engine.release()
    await running
    expect(engine.spoken).toHaveLength(8)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 2 })
    expect(engine.spoken).toHaveLength(8 + 5)
  })

  test('breaks in a way nobody foresaw leaves the generation to another attempt', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.fail('second', new TypeError('undefined is not a function'))
    await expect(run(id)).rejects.toThrow('undefined is not a function')
    expect(core.alarms.splice(0)).toHaveLength(1)
    expect(await row(id)).toMatchObject({ state: 'running', attempts: 1 })
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 2 })
  })

  test('this worker does not have is left to a worker that has it', async () => {
    const user = await core.user()
    const id = await create(user)
    await expect(run(id, { engines: new Map() })).rejects.toThrow('this worker has no engine')
    expect(core.alarms.splice(0)).toHaveLength(1)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded' })
  })
})

describe('a store that', () => {
  const broken = (error: StorageError, when: (key: string) => boolean): RunContext['storage'] => ({
    ...services.storage,
    put: (key, body, options) => (when(key) ? Promise.reject(error) : services.storage.put(key, body, options)),
  })

  test.for([
    ['a segment', (key: string) => key.endsWith('/1.pcm')],
    ['the joined audio', (key: string) => key.endsWith('/audio.pcm')],
  ] as const)(
    'is full when %s is stored fails the generation, with a reason and without a charge',
    async ([, when]) => {
      const user = await core.user()
      const id = await create(user)
      await run(id, { storage: broken(new StorageError('full', 'no space left'), when) })
      await expectFailed(user, id, 'storage_full')
    },
  )

  test('does not answer leaves the generation to another attempt, however often', async () => {
    const user = await core.user()
    const id = await create(user)
    const unavailable = new StorageError('unavailable', 'no answer')
    const storage = broken(unavailable, (key) => key.endsWith('/audio.pcm'))
    for (let outage = 1; outage <= 6; outage++) await expect(run(id, { storage })).rejects.toThrow('no answer')
    expect(await row(id)).toMatchObject({ state: 'running', segments_done: 3, fruitless_attempts: 0 })
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded' })
    expect(engine.spoken).toHaveLength(3)
  })
})

describe('a worker that stops', () => {
  test('gives its generation back at once, and the attempt does not count', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const stop = new AbortController()
    const running = run(id, {}, stop.signal)
    await expect.poll(() => engine.held.length).toBe(3)
    stop.abort(new Error('the worker is stopping'))
    await expect(running).rejects.toThrow('the worker is stopping')
    expect(engine.aborted).toHaveLength(3)
    expect(await row(id)).toMatchObject({ state: 'running', attempts: 1, fruitless_attempts: 0, heartbeat_at: null })
    engine.reset()
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 2 })
  })

  test('again and again never makes a generation fail', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    for (let round = 0; round < 7; round++) {
      const stop = new AbortController()
      const running = run(id, {}, stop.signal)
      await expect.poll(() => engine.held.length).toBe(3)
      stop.abort(new Error('the worker is stopping'))
      await expect(running).rejects.toThrow()
    }
    engine.reset()
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded' })
  })

  test('hands its jobs to another worker through the queue', async () => {
    const user = await core.user()
    engine.hold()
    const first = core.work()
    const id = await create(user)
    await expect.poll(() => engine.held.length).toBe(3)
    await first.stop(0)
    engine.release()
    core.work()
    await vi.waitFor(async () => expect((await row(id)).state).toBe('succeeded'), 5_000)
  })
})
