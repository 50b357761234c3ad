import { buffer } from 'node:stream/consumers'
import { audioFormats } from '@loqui/audio/format'
import { decodeAudio } from '@loqui/audio/testing'
import { EngineError } from '@loqui/engines/engine'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { newId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { generationAudio } from './audio.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import { type ComingAudio, playGeneration, playGenerationInput } from './play.ts'
import { runGeneration } from './run.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

const sentences = [
  'The first sentence is spoken alone.',
  'The second sentence is not the third.',
  'Here comes the last of them all.',
]

async function create(user: TestUser, more: object = {}): Promise<string> {
  const input = { text: sentences.join(' '), format: 'wav', voiceId: `voi_${low}`, ...more }
  return rowId((await createGeneration(user.as, createGenerationInput.parse(input))).id)
}

const run = (id: string) => runGeneration(services, { generationId: id }, new AbortController().signal)

/** Audio that is being made, until the test ends. */
async function listen(user: TestUser, id: string, more: object = {}) {
  const audio = await playGeneration(user.as, playGenerationInput.parse({ id: `gen_${id}`, ...more }))
  if ('key' in audio) throw new Error('it is made already')
  const end = new AbortController()
  onTestFinished(() => end.abort())
  return audio.listen(end.signal)
}

async function play(user: TestUser, id: string): Promise<ComingAudio> {
  const audio = await playGeneration(user.as, playGenerationInput.parse({ id: `gen_${id}` }))
  if ('key' in audio) throw new Error('it is made already')
  return audio
}

/** Runs a generation until its sentence with `text` is about to be spoken. */
async function runUntil(id: string, text: string) {
  const held = Promise.withResolvers<void>()
  const { speak } = engine
  const holding: typeof engine = {
    ...engine,
    async speak(request, options) {
      if (request.text.includes(text)) await held.promise
      return speak(request, options)
    },
  }
  const running = runGeneration(
    { ...services, engines: new Map([[engine.id, holding]]) },
    { generationId: id },
    new AbortController().signal,
  )
  return { goOn: held.resolve, running }
}

const same = (a: Int16Array, b: Int16Array) => Buffer.compare(bytesOf(a), bytesOf(b)) === 0
const bytesOf = ({ buffer, byteOffset, byteLength }: Int16Array) => Buffer.from(buffer, byteOffset, byteLength)

/** Decoders that are not told how long an MP3 is may leave what LAME and they delay it by at its beginning. */
const leads = [0, 576 + 529]

const storedFile = async (user: TestUser, id: string) =>
  new Uint8Array(await buffer(await services.storage.read((await generationAudio(user.as, { id })).key)))

describe('the audio of a generation that is being made', () => {
  test('is heard segment by segment, and is in the end what the file is', async () => {
    const user = await core.user()
    const id = await create(user)
    const { goOn, running } = await runUntil(id, 'last')
    const chunks: Buffer[] = []
    for await (const chunk of await listen(user, id)) {
      chunks.push(chunk)
      // Both sentences before, at 24 kHz, and more than a header.
      if (chunks.reduce((sum, { length }) => sum + length, 0) > 48_000) goOn()
    }
    await running
    const heard = await decodeAudio(new Uint8Array(Buffer.concat(chunks)), 'wav')
    const { samples } = await decodeAudio(await storedFile(user, id), 'wav')
    expect(same(heard.samples, samples)).toBe(true)
  })

  test.for(audioFormats)('in %s is as the file is', async (format) => {
    const user = await core.user()
    const id = await create(user, { format })
    const heard = buffer(await listenWhile(user, id))
    const { samples } = await decodeAudio(new Uint8Array(await heard), format)
    const whole = await decodeAudio(await storedFile(user, id), format)
    expect(leads.some((lead) => same(samples.subarray(lead, lead + whole.samples.length), whole.samples))).toBe(true)

    async function listenWhile(user: TestUser, id: string) {
      const opening = listen(user, id)
      void run(id)
      return opening
    }
  })

  test('is asked for before there is any, by many at once, and follows an attempt after another', async () => {
    const user = await core.user()
    const id = await create(user)
    const opening = Promise.all(Array.from({ length: 5 }, () => listen(user, id)))
    const first = await runUntil(id, 'second')
    const listeners = await opening
    const whole = listeners.map((stream) => buffer(stream))
    // Another attempt takes it over, as when a worker is dead.
    await run(id)
    first.goOn()
    await first.running
    const files = await Promise.all(whole)
    for (const file of files) expect(file.equals(files[0] as Buffer)).toBe(true)
    const { samples } = await decodeAudio(await storedFile(user, id), 'wav')
    expect(same((await decodeAudio(new Uint8Array(files[0] as Buffer), 'wav')).samples, samples)).toBe(true)
  })

  test('is as loud as it is spoken, whatever the file will be brought to', async () => {
    const user = await core.user()
    const id = await create(user, { loudness: -16 })
    const audio = await play(user, id)
    expect(audio).toMatchObject({ format: 'wav', loudness: null, fileName: `loqui-${id}.wav` })
  })

  test('breaks off when it is canceled', async () => {
    const user = await core.user()
    const id = await create(user)
    const { goOn, running } = await runUntil(id, 'second')
    const stream = await listen(user, id)
    await cancelGeneration(user.as, { id })
    await expect(buffer(stream)).rejects.toThrow()
    goOn()
    await running
  })

  test('breaks off when it is deleted', async () => {
    const user = await core.user()
    const id = await create(user)
    const { goOn, running } = await runUntil(id, 'second')
    const stream = await listen(user, id)
    await deleteGeneration(user.as, { id })
    await expect(buffer(stream)).rejects.toThrow()
    goOn()
    await running
  })

  test('is refused when it fails before there was anything to hear', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.fail('first', new EngineError('no', { retryable: false }))
    const listening = refusal(listen(user, id))
    await run(id)
    expect(await listening).toMatchObject({ reason: 'audio_not_ready', message: expect.stringContaining('failed') })
    expect(core.alarms.splice(0)).toHaveLength(1)
  })

  test('is left by who listens at any time, and held for nobody then', async () => {
    const user = await core.user()
    const id = await create(user)
    const before = new AbortController()
    const never = (await play(user, id)).listen(before.signal)
    before.abort(new Error('gone'))
    await expect(never).rejects.toThrow('gone')
    const { goOn, running } = await runUntil(id, 'second')
    // More than may listen at once, one after the other.
    for (let n = 0; n < 20; n++) {
      const stream = await listen(user, id)
      stream.destroy()
    }
    goOn()
    await running
  })

  test('is heard by so many at once and no more', async () => {
    const user = await core.user()
    const id = await create(user)
    const { goOn, running } = await runUntil(id, 'second')
    const streams = await Promise.all(Array.from({ length: 16 }, () => listen(user, id)))
    expect(await refusal(listen(user, id))).toMatchObject({ reason: 'concurrency_limited', retryAfterSeconds: 5 })
    for (const stream of streams) stream.destroy()
    goOn()
    await running
  })

  test('is refused to who wants a whole file only, and to anybody else', async () => {
    const [user, other] = [await core.user(), await core.user()]
    const id = await create(user)
    const complete = playGenerationInput.parse({ id: `gen_${id}`, complete: true })
    expect(await refusal(playGeneration(user.as, complete))).toMatchObject({ reason: 'audio_not_ready' })
    const input = playGenerationInput.parse({ id: `gen_${id}` })
    expect(await refusal(playGeneration(other.as, input))).toMatchObject({ reason: 'generation_not_found' })
    const unknown = playGenerationInput.parse({ id: `gen_${newId()}` })
    expect(await refusal(playGeneration(user.as, unknown))).toMatchObject({ reason: 'generation_not_found' })
    const wrong = playGenerationInput.parse({ id: `gen_${id}`, format: 'opus', sampleRate: 44_100 })
    expect(await refusal(playGeneration(user.as, wrong))).toMatchObject({ reason: 'invalid_input' })
  })
})

test('of a generation that succeeded it is the file', async () => {
  const user = await core.user()
  const id = await create(user)
  await run(id)
  const played = await playGeneration(user.as, playGenerationInput.parse({ id: `gen_${id}` }))
  expect(played).toEqual(await generationAudio(user.as, { id }))
})
