import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CallEnd, type CallJournal, type Engine, EngineError, HandedOver, type SpeakRequest } from '../engine.ts'
import { guard } from '../guard.ts'
import { createJournal } from '../testing-journal.ts'
import { createOpenaiEngine, type OpenaiOptions } from './engine.ts'
import {
  type Misbehaviour,
  pcmOf,
  sendError,
  sendWav,
  startTtsServer,
  type TtsServer,
  toneFor,
  wavOf,
} from './testing.ts'
import { sentWithinMs } from './timing.ts'

let server: TtsServer
let engine: Engine
const never = new AbortController().signal
const text = 'Hello there.'
const request = (more: Partial<SpeakRequest> = {}): SpeakRequest => ({ text, voice: 'af_heart', settings: {}, ...more })
const speeches = () => server.asked.filter(({ path }) => path === '/audio/speech')

beforeEach(async () => {
  server = await startTtsServer()
  engine = createOpenaiEngine({ baseUrl: server.baseUrl })
})
afterEach(async () => {
  await engine.close()
  await server.close()
})

async function open(options: Partial<OpenaiOptions>): Promise<Engine> {
  await engine.close()
  engine = createOpenaiEngine({ baseUrl: server.baseUrl, ...options })
  return engine
}
const speak = (more?: Partial<SpeakRequest>, signal = never) => engine.speak(request(more), { signal })
const failure = async (onSpeech: Misbehaviour): Promise<EngineError> => {
  server.onSpeech = onSpeech
  const error: unknown = await speak().catch((thrown: unknown) => thrown)
  if (error instanceof EngineError) return error
  throw new Error('it spoke', { cause: error })
}

describe('a speech', () => {
  test('is asked for as OpenAI’s is, with the key and what was set', async () => {
    await open({ apiKey: 'sk-secret', model: 'kokoro' })
    expect((await speak({ settings: { speed: 1.5 } })).samples).toEqual(toneFor({ input: text, speed: 1.5 }))
    await speak()
    const [fast, usual] = speeches()
    expect(fast?.headers).toMatchObject({ authorization: 'Bearer sk-secret', 'content-type': 'application/json' })
    const body = { model: 'kokoro', input: text, voice: 'af_heart', response_format: 'wav' }
    expect(fast?.body).toEqual({ ...body, speed: 1.5 })
    expect(usual?.body).toEqual(body)
  })

  test('is asked for without a key where there is none, and with a model that the server has', async () => {
    server.lists['/models'] = { object: 'list', data: [{ id: 'whisper-1' }, { id: 'kokoro' }] }
    await speak()
    expect(speeches()[0]?.headers).not.toHaveProperty('authorization')
    expect(speeches()[0]?.body.model).toBe('kokoro')
    server.lists['/audio/models'] = { models: [{ id: 'piper' }] }
    await engine.refreshVoices?.({ signal: never })
    await speak()
    expect(speeches()[1]?.body.model).toBe('piper')
  })

  test('is read from a WAV whose length was not known when it was begun', async () => {
    server.onSpeech = ({ body }, answer) => {
      const file = wavOf(toneFor(body), 0xffffffff)
      answer.writeHead(200, { 'content-type': 'audio/wav' })
      answer.write(file.subarray(0, 1000))
      answer.end(file.subarray(1000))
    }
    expect((await speak()).samples).toEqual(toneFor({ input: text }))
  })

  test('is taken as PCM where the server does not know WAV, which is found out once', async () => {
    server.onSpeech = ({ body }, answer) => {
      if (body.response_format !== 'pcm') return sendError(answer, 400, { detail: 'Input should be mp3 or pcm' })
      answer.writeHead(200, { 'content-type': 'audio/pcm;rate=22050' })
      answer.end(pcmOf(toneFor(body)))
    }
    const { samples, sampleRate } = await speak()
    expect(sampleRate).toBe(22_050)
    expect(samples).toEqual(toneFor({ input: text }))
    await speak()
    expect(speeches().map(({ body }) => body.response_format)).toEqual(['wav', 'pcm', 'pcm'])
  })

  test('of what has no word in it is silence, for which nobody is asked', async () => {
    expect((await speak({ text: '* * *' })).samples.every((sample) => sample === 0)).toBe(true)
    expect(speeches()).toEqual([])
  })

  test('costs what its characters do', async () => {
    await open({ microsPerCharacter: 15 })
    expect((await speak({ text: 'Ein Wort 🙂' })).costMicros).toBe(15 * 10)
    expect(engine.price('Ein Wort 🙂')).toBe(15 * 10)
  })
})

describe('a refusal', () => {
  test.each<[number, object, Partial<EngineError>]>([
    [400, { error: { message: 'no' } }, { code: 'invalid_input', retryable: false }],
    [401, {}, { code: 'unauthorized', retryable: false }],
    [402, {}, { code: 'no_credit', retryable: false }],
    [403, {}, { code: 'unauthorized', retryable: false }],
    [404, { detail: 'Not Found' }, { code: 'unavailable', retryable: true }],
    [422, { detail: [{ loc: ['body'], msg: 'no' }] }, { code: 'invalid_input', retryable: false }],
    [429, {}, { code: 'throttled', retryable: true, retryAfterMs: null }],
    [429, { error: { code: 'insufficient_quota' } }, { code: 'no_credit', retryable: false }],
    [400, { error: { code: 'billing_hard_limit_reached' } }, { code: 'no_credit', retryable: false }],
    [500, {}, { code: 'unavailable', retryable: true }],
    [502, {}, { code: 'unavailable', retryable: true }],
    [503, {}, { code: 'unavailable', retryable: true }],
    [504, {}, { code: 'timeout', retryable: true }],
  ])('by %d %j is told as what it is', async (status, body, expected) => {
    const error = await failure((_, answer) => sendError(answer, status, body))
    expect(error).toMatchObject({ ...expected, costMicros: 0 })
    // What the server says is for the log.
    expect(String(error.cause)).toContain(`${status}`)
  })

  test.each<[Record<string, string>, number]>([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '7', 'retry-after-ms': '1500' }, 1_500],
    [{ 'retry-after': new Date(0).toUTCString() }, 0],
  ])('of too many requests says when to come back: %j', async (headers, retryAfterMs) => {
    expect(await failure((_, answer) => sendError(answer, 429, {}, headers))).toMatchObject({
      code: 'throttled',
      retryAfterMs,
    })
  })

  test('that leads elsewhere is not followed, with the key least of all', async () => {
    const other = await startTtsServer()
    await open({ apiKey: 'sk-secret' })
    for (const status of [301, 302, 307, 308]) {
      const error = await failure((_, answer) => {
        answer.writeHead(status, { location: `${other.baseUrl}/audio/speech` }).end()
      })
      expect(error).toMatchObject({ code: 'unavailable', retryable: true })
    }
    expect(other.asked).toEqual([])
    await other.close()
  })
})

describe('what is no speech is bad output', () => {
  const answered = (type: string, bytes: string | Buffer) => (_: unknown, answer: ServerResponse) =>
    void answer.writeHead(200, { 'content-type': type }).end(bytes)
  const long = new Int16Array(24_000 * 60)

  test.each<[string, Misbehaviour]>([
    ['nothing', answered('audio/wav', '')],
    ['an error under 200', answered('application/json', '{"error":"no"}')],
    ['a page', answered('text/html', '<!doctype html>')],
    ['an MP3', answered('audio/mpeg', Buffer.from('ID3\u0004'.padEnd(1000, 'x')))],
    ['a WAV that ends before it says', answered('audio/wav', wavOf(new Int16Array(100), 10_000))],
    ['a WAV without sound', answered('audio/wav', wavOf(new Int16Array(0)))],
    ['longer than anybody would take', answered('audio/wav', wavOf(long))],
    ['more bytes than any speech has', answered('audio/wav', Buffer.alloc(30_000_000))],
  ])('%s', async (_, misbehaviour) => {
    expect(await failure(misbehaviour)).toMatchObject({ code: 'bad_output', retryable: true, costMicros: 0 })
  })

  test.each<[string, Misbehaviour]>([
    ['an error', answered('application/json', '{"error":"no "}')],
    ['an Ogg file', answered('application/octet-stream', 'OggS'.padEnd(100, 'x'))],
    ['half a sample', answered('audio/pcm', Buffer.alloc(101))],
    ['a rate that nobody hears', answered('audio/pcm;rate=96000', Buffer.alloc(100))],
  ])('also where PCM was asked for: %s', async (_, misbehaviour) => {
    const onlyPcm: Misbehaviour = (asked, answer) =>
      asked.body.response_format === 'wav' ? sendError(answer, 400, {}) : misbehaviour(asked, answer)
    expect(await failure(onlyPcm)).toMatchObject({ code: 'bad_output' })
  })
})

describe('a server that does not answer', () => {
  const drop: Misbehaviour = (_, answer) => void answer.socket?.destroy()
  const breakOff: Misbehaviour = (_, answer) => {
    answer.writeHead(200, { 'content-type': 'audio/wav', 'content-length': '100000' })
    answer.write(wavOf(new Int16Array(100)), () => answer.socket?.destroy())
  }
  const blackHole: Misbehaviour = () => undefined
  const drip: Misbehaviour = ({ body }, answer) => {
    answer.writeHead(200, { 'content-type': 'audio/wav' })
    answer.write(wavOf(toneFor(body)).subarray(0, 100))
  }

  test.each<[string, Misbehaviour, string]>([
    ['drops the line', drop, 'unavailable'],
    ['drops it in the middle', breakOff, 'unavailable'],
    ['says nothing', blackHole, 'timeout'],
    ['stops in the middle', drip, 'timeout'],
  ])('and %s is asked once, and again only by whoever asked', async (_, misbehaviour, code) => {
    await open({ timing: { speech: 300 } })
    expect(await failure(misbehaviour)).toMatchObject({ code, retryable: true, costMicros: 0 })
    expect(speeches()).toHaveLength(1)
  })

  test('is left when a piece of its answer is too long in coming', async () => {
    await open({ timing: { idle: 1 } })
    expect(await failure(drip)).toMatchObject({ code: 'timeout', retryable: true })
  })

  test.each<[string, Misbehaviour]>([
    ['drops the line', drop],
    ['drops it in the middle', breakOff],
    ['says nothing', blackHole],
    ['is behind a gateway that does not wait', (_, answer) => sendError(answer, 504, {})],
    ['sends no speech', (_, answer) => void answer.writeHead(200).end('no')],
  ])('and costs is counted as paid, and not asked again by itself, when it %s', async (_, misbehaviour) => {
    await open({ microsPerCharacter: 10, timing: { speech: 300 } })
    const error = await failure(misbehaviour)
    expect(error).toMatchObject({ retryable: false, costMicros: 10 * text.length })
    expect(['failed', 'bad_output']).toContain(error.code)
  })

  test('and is not there has heard nothing, and costs nothing', async () => {
    await open({ microsPerCharacter: 10 })
    await engine.refreshVoices?.({ signal: never })
    await server.close()
    await expect(speak()).rejects.toMatchObject({ code: 'unavailable', retryable: true, costMicros: 0 })
    server = await startTtsServer()
  })

  test('is left alone by its guard, which still tells its voices', async () => {
    const guarded = guard([engine], { failures: 3 })[0]!
    await guarded.refreshVoices?.({ signal: never })
    expect(guarded.voices.map(({ id }) => id)).toEqual(['af_heart'])
    server.onSpeech = (_, answer) => sendError(answer, 500, {})
    for (let call = 0; call < 5; call++) {
      await expect(guarded.speak(request(), { signal: never })).rejects.toMatchObject({ code: 'unavailable' })
    }
    expect(guarded.breaker).toBe('open')
    expect(speeches()).toHaveLength(3)
  })

  test('hears that nobody listens any more', async () => {
    const leaving = new AbortController()
    const reason = new Error('The listener left.')
    server.onSpeech = () => leaving.abort(reason)
    await expect(speak({}, leaving.signal)).rejects.toBe(reason)
    await vi.waitFor(() => expect(server.left).toBe(1))
  })
})

describe('a call that costs', () => {
  let journal = createJournal()
  beforeEach(() => {
    journal = createJournal()
  })
  const paid: CallEnd = { outcome: 'canceled', costMicros: 10 * text.length }
  afterEach(() => void vi.useRealTimers())

  test.each(['performance', 'Date'] as const)(
    'is not sent long after it was announced, by %s, since others may have counted it',
    async (clock) => {
      await open({ microsPerCharacter: 10 })
      await engine.refreshVoices?.({ signal: never })
      vi.useFakeTimers({ toFake: [clock] })
      /** The journal of a process that stands still when it has announced a call. */
      const standingStill = (ms: number): CallJournal => ({
        ...journal,
        async announce() {
          const mark = await journal.announce()
          vi.advanceTimersByTime(ms)
          return mark
        },
      })
      const outcome = () => journal.entries.at(-1)?.end?.outcome
      const late = engine.speak(request(), { signal: never, calls: standingStill(sentWithinMs + 1) })
      await expect(late).rejects.toMatchObject({ code: 'unavailable', retryable: true, costMicros: 0 })
      expect(speeches()).toEqual([])
      expect(outcome()).toBe('refused')
      await engine.speak(request(), { signal: never, calls: standingStill(sentWithinMs) })
      expect(outcome()).toBe('succeeded')
    },
  )

  test('is written down before it is sent', async () => {
    await open({ microsPerCharacter: 10 })
    server.onSpeech = ({ body }, answer) => {
      expect(journal.entries.at(-1)).toMatchObject({ end: null })
      sendWav(answer, toneFor(body))
    }
    await engine.speak(request(), { signal: never, calls: journal })
    expect(journal.entries.at(-1)?.end).toEqual({ outcome: 'succeeded', costMicros: 10 * text.length })
  })

  test.each<[string, (leaving: AbortController) => void, CallEnd | null]>([
    ['is paid when nobody wants it any more', (leaving) => leaving.abort(new Error('The listener left.')), paid],
    ['stays open when another goes on', (leaving) => leaving.abort(new HandedOver('this worker stops')), null],
    ['stays open when its engine closes', () => void engine.close(), null],
  ])('%s', async (_, leave, end) => {
    await open({ microsPerCharacter: 10 })
    const leaving = new AbortController()
    server.onSpeech = () => leave(leaving)
    await expect(engine.speak(request(), { signal: leaving.signal, calls: journal })).rejects.toThrow()
    expect(journal.entries.at(-1)?.end).toEqual(end)
  })
})

describe('voices', () => {
  const names = () => engine.voices.map(({ id }) => id)
  const refresh = () => engine.refreshVoices?.({ signal: never })

  test('are those that the server lists, for as long as it does', async () => {
    expect(names()).toEqual([])
    await refresh()
    expect(names()).toEqual(['af_heart'])
    server.lists['/audio/voices'] = { voices: ['bm_george'] }
    await refresh()
    expect(names()).toEqual(['bm_george'])
    expect(engine.check(request())).toMatchObject({ field: 'voice' })
    server.lists['/audio/voices'] = { voices: ['bm_george', 'af_heart'] }
    await refresh()
    expect(engine.check(request())).toBeNull()
  })

  test('are OpenAI’s where the server lists none, or those it is known to have', async () => {
    server.lists = { '/audio/voices': '<!doctype html>' }
    await refresh()
    expect(names()).toContain('alloy')
    server.lists = {}
    await refresh()
    expect(names()).toContain('alloy')
    await open({ voices: ['Karl', 'Rosa'] })
    await refresh()
    expect(names()).toEqual(['Karl', 'Rosa'])
  })

  test('stay what they were while nobody answers', async () => {
    await refresh()
    const broken = (answer: ServerResponse) => sendError(answer, 503, {})
    server.lists = { '/audio/voices': broken }
    await expect(refresh()).rejects.toMatchObject({ code: 'unavailable' })
    server.lists = { '/audio/voices': (answer: ServerResponse) => sendError(answer, 401, {}) }
    await expect(refresh()).rejects.toMatchObject({ code: 'unauthorized' })
    await server.close()
    await expect(refresh()).rejects.toMatchObject({ code: 'unavailable' })
    expect(names()).toEqual(['af_heart'])
    server = await startTtsServer()
  })

  test('are asked for with the key, and not at the end of a redirect', async () => {
    await open({ apiKey: 'sk-secret' })
    server.lists = {
      '/audio/voices': (answer: ServerResponse) => void answer.writeHead(302, { location: '/v1/x' }).end(),
    }
    await expect(refresh()).rejects.toMatchObject({ code: 'unavailable' })
    expect(server.asked[0]?.headers.authorization).toBe('Bearer sk-secret')
    expect(server.asked.map(({ path }) => path)).not.toContain('/x')
  })

  test('that are new are spoken with though nobody has asked for the list since', async () => {
    await open({ timing: { recent: 0 } })
    await speak()
    server.lists['/audio/voices'] = { voices: ['af_heart', 'bm_george'] }
    await speak({ voice: 'bm_george' })
    await expect(speak({ voice: 'nobody' })).rejects.toMatchObject({ code: 'invalid_input', retryable: false })
  })

  test('that are not known yet are asked for when one is to speak, and what speaks waits while nobody tells', async () => {
    expect(engine.check(request())).toBeNull()
    await server.close()
    await expect(speak()).rejects.toMatchObject({ code: 'unavailable', retryable: true })
    server = await startTtsServer(Number(new URL(server.baseUrl).port))
    await speak()
    expect(names()).toEqual(['af_heart'])
  })

  test('and models are listed once for all who ask at the same time', async () => {
    await Promise.all(Array.from({ length: 8 }, () => speak()))
    expect(server.asked.filter(({ path }) => path === '/audio/voices')).toHaveLength(1)
  })
})

test('a speech that is under way when the next begins keeps its own answer', async () => {
  server.onSpeech = ({ body }, answer) => sendWav(answer, toneFor(body))
  const texts = ['One.', 'Two hundred.', 'Three thousand and one.']
  const spoken = await Promise.all(texts.map((each) => speak({ text: each })))
  expect(spoken.map(({ samples }) => samples.length)).toEqual(texts.map((input) => toneFor({ input }).length))
})
