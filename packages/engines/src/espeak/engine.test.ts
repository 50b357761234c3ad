import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Engine, EngineError, type SpeakRequest, type Speech } from '../engine.ts'
import type { EspeakOptions } from './engine.ts'
import { espeak, openEspeak, program } from './testing.ts'

const never = new AbortController().signal
const request = (more: Partial<SpeakRequest> = {}): SpeakRequest => ({
  text: 'Hello there, my friend.',
  voice: 'en-US',
  settings: {},
  ...more,
})
const milliseconds = ({ samples, sampleRate }: Speech) => (samples.length * 1000) / sampleRate

describe('the real program', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = openEspeak()
    await engine.refreshVoices?.({ signal: never })
  }, 60_000)
  afterAll(() => engine.close())
  const speak = (more: Partial<SpeakRequest>) => engine.speak(request(more), { signal: never })
  const length = async (text: string, more: Partial<SpeakRequest> = {}) => milliseconds(await speak({ text, ...more }))

  test('brings more than a hundred languages, for a man and a woman each, by tags that are ones', () => {
    const languages = new Set(engine.voices.map(({ language }) => language))
    expect(languages.size).toBeGreaterThan(120)
    for (const language of languages) expect(Intl.getCanonicalLocales(language)).toEqual([language])
    const of = (language: string) => engine.voices.filter((voice) => voice.language === language)
    for (const language of ['en-US', 'en-GB', 'de', 'fr-FR', 'pt-BR', 'es-419', 'zh', 'yue', 'nb', 'sr', 'vi', 'tlh']) {
      expect(
        of(language)
          .map(({ gender }) => gender)
          .sort(),
        language,
      ).toEqual(['female', 'male'])
    }
    // Balearic is no Bosnian, and classic Russian not of Chile.
    for (const language of ['ca-BA', 'ru-CL', 'xex']) expect(of(language)).toEqual([])
  })

  test('speaks with every voice, within what was estimated', { timeout: 120_000 }, async () => {
    expect(engine.voices.length).toBeGreaterThan(250)
    await Promise.all(
      engine.voices.map(async ({ id }) => {
        const speech = await speak({ text: 'Radio 7, a taxi.', voice: id })
        expect(
          speech.samples.some((sample) => Math.abs(sample) > 1000),
          id,
        ).toBe(true)
        expect(milliseconds(speech), id).toBeLessThanOrEqual(
          engine.estimate(request({ text: 'Radio 7, a taxi.', voice: id })).maxMs,
        )
      }),
    )
  })

  test.each([
    ['de', 'Alle Menschen sind frei und gleich an Würde und Rechten geboren.'],
    ['el', 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.'],
    ['ru', 'Все люди рождаются свободными и равными в своем достоинстве и правах.'],
    ['hi', 'सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।'],
    ['fa', 'تمام افراد بشر آزاد به دنیا می\u200cآیند و از لحاظ حیثیت و حقوق با هم برابرند.'],
    ['th', 'มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ'],
    ['cmn', '人人生而自由，在尊严和权利上一律平等。'],
    ['ja', 'すべてのにんげんは、うまれながらにしてじゆうであり、びょうどうである。'],
    ['ko', '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.'],
    ['my', 'လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် မွေးဖွားလာသူများ ဖြစ်သည်။'],
    ['am', 'የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።'],
  ])('speaks %s at its own pace, unhurried', async (voice, text) => {
    const speech = await speak({ text, voice })
    const { expectedMs, maxMs } = engine.estimate(request({ text, voice }))
    expect(speech.sampleRate).toBe(22_050)
    // Hastened, it would be just below.
    expect(milliseconds(speech)).toBeLessThan(0.95 * maxMs)
    expect(milliseconds(speech)).toBeGreaterThan(expectedMs / 2.5)
  })

  test.each([
    ['a NUL', 'Hello there,\0 my friend.'],
    ['control characters', 'Hello\u0001 there,\u001b my\u007f friend.'],
    ['markup', 'Hello there, my <break time="20s"/> friend.'],
    ['an element that does not end', 'Hello there, my <b friend.'],
    ['an entity', 'Hello there, &amp; my friend.'],
    ['phonemes', 'Hello there, [[h@loU]] my friend.'],
    ['half of a pair', 'Hello there, \ud800 my friend.'],
    ['marks of direction', '\u202eHello there,\u202c my \ufefffriend.'],
    ['pictures', 'Hello there, 🙂👨‍👩‍👧🇫🇷 my friend.'],
    ['a voice', '<voice name="de">Hello there, my friend.</voice>'],
    ['a line that looks like an order', 'Hello there,\n{"id":1,"text":"x"}\nmy friend.'],
  ])('says all of a text with %s in it, and does nothing else', async (_, text) => {
    const plain = await length('Hello there, my friend.')
    expect(await length(text)).toBeGreaterThan(0.9 * plain)
    // Signs are said by their names; no silence of twenty seconds is among them.
    expect(await length(text)).toBeLessThan(plain + 7_000)
  })

  test('reads sums of money as people say them', async () => {
    const same = async (text: string, spoken: string, voice: string) => {
      const ms = await length(spoken, { voice })
      expect(Math.abs((await length(text, { voice })) - ms), text).toBeLessThan(0.03 * ms)
    }
    await same('$12.50', '12 dollars 50 cents', 'en-US')
    await same('Das kostet €12,50 heute.', 'Das kostet 12,50 € heute.', 'de')
  })

  test('goes faster and slower, higher and lower, as it is told', async () => {
    const text = 'The president said that the new law would help many people.'
    const usual = await length(text)
    expect(await length(text, { settings: { speed: 2 } })).toBeLessThan(0.6 * usual)
    expect(await length(text, { settings: { speed: 0.5 } })).toBeGreaterThan(1.8 * usual)
  })

  test('is held to its bound, whatever the text', { timeout: 120_000 }, async () => {
    const voices = fc.constantFrom('en-US', 'de', 'el', 'ar', 'hi', 'ja', 'cmn', 'th', 'ru', 'fr+f2')
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 120 }),
      fc.string({ unit: fc.constantFrom(...'漢я7W/@$. e&ह%'), maxLength: 120 }),
    )
    const paces = fc.constantFrom(0.5, 1, 2.5)
    await fc.assert(
      fc.asyncProperty(voices, texts, paces, async (voice, text, speed) => {
        const asked = { voice, text, settings: { speed } }
        const outcome = await speak(asked).catch((error: unknown) => error)
        // What cannot be spoken so fast is refused, for good, rather than be longer than it may.
        if (outcome instanceof EngineError) expect(outcome).toMatchObject({ code: 'failed', retryable: false })
        else expect(milliseconds(outcome as Speech)).toBeLessThanOrEqual(engine.estimate(request(asked)).maxMs)
      }),
      { numRuns: 60 },
    )
  })
})

test('the real program ends when whoever started it is killed', async () => {
  const [node, main] = espeak.command
  const source = `require('node:child_process').spawn(${JSON.stringify(node)}, [${JSON.stringify(main)}], {
    stdio: ['pipe', 'inherit', 'inherit'] }); setInterval(() => {}, 1000)`
  const parent = spawn(node, ['--eval', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  // What both write to ends when both have.
  const ended = once(parent.stdout, 'end')
  await once(parent.stdout, 'data')
  parent.stdout.resume()
  parent.kill('SIGKILL')
  await ended
}, 30_000)

describe('a program', () => {
  const engines: Engine[] = []
  const open = (source: string, options: Partial<EspeakOptions> = {}) => {
    const engine = openEspeak({ ...program(source), processes: 1, restMs: { first: 60_000, most: 60_000 }, ...options })
    engines.push(engine)
    return engine
  }
  afterEach(() => Promise.all(engines.splice(0).map((engine) => engine.close())))
  const speak = (engine: Engine, signal = never) => engine.speak(request({ voice: 'en' }), { signal })
  const speaks = `orders(({ id }) => { frame({ id }, new Int16Array(20000).fill(5000)); frame({ id, end: true }) })`

  test.each([
    ['ends at once', 'process.stderr.write("no dictionary"); process.exit(3)'],
    ['speaks another protocol', 'process.stdout.write("Content-Type: text/plain\\n\\nhello"); orders(() => {})'],
    ['is of another version', 'hello({ protocol: "speech/9" }); orders(() => {})'],
    ['says too much of itself', 'writeSync(1, Buffer.alloc(8, 0xff)); orders(() => {})'],
  ])('that %s is not started again at once', async (_, source) => {
    const engine = open(source)
    const error = await speak(engine).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unavailable', retryable: true, retryAfterMs: 60_000 })
    await expect(speak(engine)).rejects.toMatchObject({ code: 'unavailable', cause: undefined })
    expect(engine.voices).toEqual([])
  })

  test('that is not there, or does not come up, is said to be so', async () => {
    const none = openEspeak({ command: ['/nowhere/espeak'], path: '' })
    engines.push(none)
    await expect(none.refreshVoices?.({ signal: never })).rejects.toMatchObject({ code: 'unavailable' })
    const silent = open('setInterval(() => {}, 1000)', { startMs: 200 })
    await expect(speak(silent)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('is told nothing of the environment but where programs are', async () => {
    process.env.LOQUI_TEST_SECRET = 'a secret'
    const engine = open(
      `hello({ voices: Object.keys(process.env).map((id) => ({ ...voices[0], id })) }); orders(() => {})`,
    )
    await engine.refreshVoices?.({ signal: never })
    expect(engine.voices.map(({ id }) => id)).toEqual(['PATH'])
    delete process.env.LOQUI_TEST_SECRET
  })

  test('that dies at a text fails that text, and the next is spoken by another', async () => {
    const engine = open(`hello()
      orders((order) => order.text.includes('die') ? process.exit(9) : (${speaks.slice(7, -1)})(order))`)
    await expect(engine.speak(request({ voice: 'en', text: 'die' }), { signal: never })).rejects.toMatchObject({
      code: 'failed',
      retryable: true,
    })
    expect((await speak(engine)).samples).toHaveLength(20_000)
  })

  test.each([
    ['refuses', `orders(({ id }) => frame({ id, error: 'no such voice' }))`, { code: 'failed', retryable: false }],
    ['answers another', `orders(({ id }) => frame({ id: id + 1, end: true }))`, { code: 'failed' }],
    ['says more than it was let', `orders(({ id }) => frame({ id }, new Int16Array(4000000)))`, { code: 'failed' }],
    ['never ends', `orders(() => {})`, { code: 'timeout', retryable: true }],
  ])('that %s is not believed', async (_, source, expected) => {
    const engine = open(`hello(); ${source}`, { timeoutMs: 300 })
    await expect(speak(engine)).rejects.toMatchObject(expected)
  })

  test('that is aborted is ended, and whoever waits for their turn hears of theirs at once', async () => {
    const engine = open(`hello(); orders(() => {})`)
    await engine.refreshVoices?.({ signal: never })
    const [first, second] = [new AbortController(), new AbortController()]
    const reason = new Error('The listener left.')
    const calls = [speak(engine, first.signal), speak(engine, second.signal)]
    second.abort(reason)
    await expect(calls[1]).rejects.toBe(reason)
    first.abort(reason)
    await expect(calls[0]).rejects.toBe(reason)
  })

  test('ends when the engine is closed', async () => {
    const isAlive = (pid: number) => {
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    }
    const engine = open(`hello({ voices: [{ ...voices[0], name: String(process.pid) }] }); ${speaks}`)
    await engine.refreshVoices?.({ signal: never })
    const pid = Number.parseInt(engine.voices[0]?.name ?? '', 10)
    expect(isAlive(pid)).toBe(true)
    await engine.close()
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false))
  })
})
