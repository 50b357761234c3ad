import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Engine, EngineError, type SpeakRequest, type SpeakSettings } from './engine.ts'
import { createJournal } from './testing-journal.ts'

/** Read as more than is written, or long for their letters: what reserves too little does so for one of these. */
const hardToEstimate = [
  'CA ',
  "'s/",
  'Ave/',
  'splash ',
  'Feb ',
  'Oct. ',
  'ox, ',
  '7',
  '$1.01 ',
  'W ',
  'e.g. XVIII & ',
].map((unit) => unit.repeat(40 / unit.length))

/** What every engine must do, whatever makes its speech. `open` gives a new one, ready to speak. */
export function engineContract(name: string, open: () => Engine | Promise<Engine>): void {
  describe(name, () => {
    let engine: Engine
    beforeEach(async () => {
      engine = await open()
    })
    afterEach(() => engine.close())

    const request = (text: string, more: Partial<SpeakRequest> = {}): SpeakRequest => ({
      text,
      voice: engine.voices[0]?.id ?? '',
      settings: {},
      // Where chance has a part in it, the same seed makes it the same.
      seed: 1,
      ...more,
    })
    const never = new AbortController().signal
    const speak = (text: string, more?: Partial<SpeakRequest>) => engine.speak(request(text, more), { signal: never })
    const milliseconds = async (text: string) => {
      const { samples, sampleRate } = await speak(text)
      return (samples.length / sampleRate) * 1000
    }
    /** One of each kind that it does not take: out of range, not a number, not its own. */
    const refusedSettings = () => {
      const all = ['speed', 'pitch', 'exaggeration', 'cfgWeight', 'temperature', 'topP', 'topK', 'repetitionPenalty']
      return [...all, 'language'].flatMap((name) => {
        const range = engine.settings[name as keyof SpeakSettings]
        const values = !range
          ? [name === 'language' ? 'en' : 0.7]
          : 'values' in range
            ? ['xx', 7]
            : [range.min - 0.01, range.max + 0.01, Number.NaN, ...(range.whole ? [range.min + 0.5] : [])]
        return values.map((value) => ({ field: `settings.${name}`, settings: { [name]: value } }))
      })
    }
    const short = 'Hello there.'
    const long =
      'It was a bright morning, and all of the people in the house were up and about long before the bell rang.'

    test('describes its voices', () => {
      expect(engine.id).toMatch(/^[a-z][a-z0-9-]*$/)
      expect(engine.voices.length).toBeGreaterThan(0)
      expect(new Set(engine.voices.map(({ id }) => id)).size).toBe(engine.voices.length)
      for (const voice of engine.voices) {
        expect(voice.id && voice.name && voice.description).toBeTruthy()
        expect(['female', 'male', 'neutral']).toContain(voice.gender)
        expect(Intl.getCanonicalLocales(voice.language)).toEqual([voice.language])
      }
    })

    test('speaks with each of its voices, at the rate that it says where it says one', async () => {
      for (const { id } of engine.voices) {
        const { samples, sampleRate, costMicros } = await speak(short, { voice: id })
        expect(sampleRate).toBe(engine.sampleRate?.(request(short, { voice: id })) ?? sampleRate)
        expect(samples).toBeInstanceOf(Int16Array)
        expect(Number.isInteger(sampleRate) && sampleRate >= 8000 && sampleRate <= 48_000).toBe(true)
        expect(samples.length / sampleRate).toBeGreaterThan(0.2)
        expect(samples.some((sample) => Math.abs(sample) > 1000)).toBe(true)
        expect(Number.isInteger(costMicros) && costMicros >= 0).toBe(true)
      }
    })

    test('speaks a segment as long as it says it takes', async () => {
      const { segmentCharacters } = engine.limits
      expect(Number.isInteger(segmentCharacters) && segmentCharacters > 0).toBe(true)
      expect(await milliseconds(long.padEnd(segmentCharacters, ' and on').slice(0, segmentCharacters))).toBeGreaterThan(
        0,
      )
    })

    test('takes longer for a longer text', async () => {
      expect(await milliseconds(long)).toBeGreaterThan(2 * (await milliseconds(short)))
    })

    test('never speaks longer than estimated, in any voice, at any pace, whatever the text', {
      timeout: 60_000,
    }, async () => {
      const texts = [short, long, ...hardToEstimate]
      const check = async (text: string, settings: SpeakSettings, voice: string) => {
        const { expectedMs, maxMs } = engine.estimate(request(text, { voice, settings }))
        expect(Number.isInteger(expectedMs) && Number.isInteger(maxMs)).toBe(true)
        expect(expectedMs).toBeLessThanOrEqual(maxMs)
        const { samples, sampleRate } = await speak(text, { voice, settings })
        const ms = (samples.length * 1000) / sampleRate
        expect(ms, `${JSON.stringify(text)} of ${voice} at ${settings.speed}`).toBeLessThanOrEqual(maxMs)
      }
      for (const [index, { id }] of engine.voices.entries()) {
        // Each text at one pace with each voice, and at every pace with some.
        const { speed } = engine.settings
        const paces =
          speed && 'min' in speed ? [1, 4, 0.5, 2].map((pace) => Math.min(speed.max, Math.max(speed.min, pace))) : []
        const paceOf = (number: number) => (paces.length > 0 ? { speed: paces[(index + number) % paces.length] } : {})
        await Promise.all(texts.map((text, number) => check(text, paceOf(number), id)))
      }
    })

    test('estimates more for more text and for a slower pace', () => {
      const of = (text: string, settings = {}) => engine.estimate(request(text, { settings }))
      for (const bound of ['expectedMs', 'maxMs'] as const) {
        expect(of(long)[bound]).toBeGreaterThan(of(short)[bound])
        expect(of(`${long} ${long}`)[bound]).toBeGreaterThan(of(long)[bound] * 1.5)
        if (engine.settings.speed) expect(of(long, { speed: 0.5 })[bound]).toBeGreaterThan(of(long)[bound])
      }
    })

    test('writes down what it asks for, and what that cost, where it keeps a journal', async () => {
      const calls = createJournal()
      const { costMicros } = await engine.speak(request(short), { signal: never, calls })
      expect(calls.entries.map(({ end }) => end)).toEqual(
        engine.journaled ? [{ outcome: 'succeeded', costMicros }] : [],
      )
    })

    test('gives each of many calls at once its own speech', async () => {
      const texts = [short, long, 'Yes.', long, short, 'Perhaps they will come tomorrow.']
      const alone = new Map<string, number>()
      for (const text of new Set(texts)) alone.set(text, await milliseconds(text))
      const together = await Promise.all(texts.map(milliseconds))
      // Some sound a little different each time; no two of these texts are so near to each other.
      for (const [index, text] of texts.entries()) {
        const ms = alone.get(text) ?? 0
        expect(Math.abs((together[index] ?? 0) - ms), text).toBeLessThanOrEqual(0.03 * ms)
      }
    })

    test('checks what it can speak, quickly and without speaking', () => {
      const refusal = (field: string) => ({ field, message: expect.stringMatching(/\.$/) })
      expect(engine.check(request(short))).toBeNull()
      for (const text of ['', ' \n ', '🙂', '…!?'])
        expect(engine.check(request(text)), JSON.stringify(text)).toEqual(refusal('text'))
      expect(engine.check(request(short, { voice: 'nobody' }))).toEqual(refusal('voice'))
      for (const { field, settings } of refusedSettings())
        expect(engine.check(request(short, { settings })), field).toEqual(refusal(field))
    })

    test('takes every setting it says it takes, to the ends of its range', async () => {
      const name = (key: string, value: unknown) => ({ [key]: value })
      for (const [key, range] of Object.entries(engine.settings)) {
        const values = 'values' in range ? range.values : [range.min, range.default, range.max]
        for (const value of values) expect(engine.check(request(short, { settings: name(key, value) })), key).toBeNull()
      }
      // What asks for nothing is taken by all.
      expect(engine.check(request(short, { settings: { speed: 1, pitch: 0, topP: undefined } }))).toBeNull()
    })

    test('refuses for good what it cannot speak', async () => {
      const cases = [
        request('a'.repeat(engine.limits.segmentCharacters + 1)),
        request(short, { voice: 'nobody' }),
        ...refusedSettings().map(({ settings }) => request(short, { settings })),
      ]
      for (const refused of cases) {
        const error = await engine.speak(refused, { signal: never }).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(EngineError)
        // Whoever refuses without having tried has nothing to ask for.
        expect(error).toMatchObject({ retryable: false, costMicros: 0, code: 'invalid_input' })
      }
    })

    test('ends with the reason of the abort, whether it waits or runs', async () => {
      const reason = new Error('The listener left.')
      await expect(engine.speak(request(long), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)

      const controllers = Array.from({ length: 8 }, () => new AbortController())
      const calls = controllers.map(({ signal }) => engine.speak(request(long), { signal }))
      for (const controller of controllers) controller.abort(reason)
      for (const outcome of await Promise.allSettled(calls)) expect(outcome).toEqual({ status: 'rejected', reason })
      expect(await milliseconds(short)).toBeGreaterThan(0)
    })

    test('prices texts in whole micro-dollars, no less for more', () => {
      expect(engine.price('')).toBe(0)
      const texts = fc.string({ unit: 'grapheme', maxLength: 1000 })
      fc.assert(
        fc.property(texts, texts, (text, more) => {
          const price = engine.price(text)
          expect(Number.isSafeInteger(price) && price >= 0).toBe(true)
          expect(engine.price(text + more)).toBeGreaterThanOrEqual(price)
          expect(engine.price(text)).toBe(price)
        }),
      )
    })

    test('rejects what is in flight when closed, and what comes later', async () => {
      const calls = Promise.allSettled(Array.from({ length: 4 }, () => speak(long)))
      await engine.close()
      for (const outcome of await calls)
        expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(EngineError)
      await expect(speak(short)).rejects.toBeInstanceOf(EngineError)
      await engine.close()
    })
  })
}
