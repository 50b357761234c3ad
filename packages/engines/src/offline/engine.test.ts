import diagnosticsChannel from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, describe, expect, test } from 'vitest'
import { engineContract } from '../contract.ts'
import type { SpeakSettings } from '../engine.ts'
import { createOfflineEngine } from './engine.ts'
import { medianPitch, proveBounds } from './testing.ts'

engineContract('the offline engine', () => createOfflineEngine({ threads: 2 }))

describe('offline speech', () => {
  const engine = createOfflineEngine({ threads: 2 })
  afterAll(() => engine.close())
  const voices = engine.voices.map(({ id }) => id)
  const { signal } = new AbortController()
  const speak = (text: string, voice = 'stella', settings: SpeakSettings = {}) =>
    engine.speak({ text, voice, settings }, { signal })
  const milliseconds = async (...request: Parameters<typeof speak>) => {
    const { samples, sampleRate } = await speak(...request)
    return (samples.length / sampleRate) * 1000
  }
  const sentence = 'Alice was beginning to get very tired of sitting by her sister on the bank.'

  test('starts no thread before it speaks, and no more than it may', async () => {
    let started = 0
    const count = () => started++
    diagnosticsChannel.subscribe('worker_threads', count)
    const one = createOfflineEngine({ threads: 2 })
    const request = { text: sentence, voice: 'stella', settings: {} }
    one.check(request)
    one.estimate(request)
    expect(started).toBe(0)
    await Promise.all(Array.from({ length: 5 }, () => one.speak(request, { signal })))
    expect(started).toBe(2)
    await one.close()
    diagnosticsChannel.unsubscribe('worker_threads', count)
  })

  test('offers three women and four men, each with a pitch of its own', async () => {
    const pitches = new Map<string, number>()
    for (const voice of voices) pitches.set(voice, medianPitch(await speak(sentence, voice)))
    const of = (gender: string) =>
      engine.voices.filter((voice) => voice.gender === gender).map(({ id }) => pitches.get(id) ?? 0)
    expect(of('female').length).toBe(3)
    expect(of('male').length).toBe(4)
    expect(Math.min(...of('female'))).toBeGreaterThan(Math.max(...of('male')))
    const sorted = [...pitches.values()].sort((a, b) => a - b)
    for (const [index, pitch] of sorted.slice(1).entries()) expect(pitch / (sorted[index] ?? 0)).toBeGreaterThan(1.04)
  })

  test.each(voices)('%s moves in pitch by the semitones asked for, at the same length', async (voice) => {
    const natural = await speak(sentence, voice)
    for (const pitch of [-6, 4, 12]) {
      const moved = await speak(sentence, voice, { pitch })
      const semitones = 12 * Math.log2(medianPitch(moved) / medianPitch(natural))
      expect(Math.abs(semitones - pitch), `${pitch} became ${semitones}`).toBeLessThan(1.5)
      const lengths = [moved, natural].map(({ samples, sampleRate }) => samples.length / sampleRate)
      expect((lengths[0] ?? 0) / (lengths[1] ?? 0)).toBeCloseTo(1, 1)
    }
  })

  test.each(voices)('%s speaks at the pace asked for', async (voice) => {
    const natural = await milliseconds(sentence, voice)
    // Flite makes no sound shorter than 15 ms: at four times the pace it falls behind by up to a quarter.
    for (const [speed, slack] of [
      [0.25, 0.05],
      [0.5, 0.05],
      [1.5, 0.05],
      [2, 0.05],
      [4, 0.25],
    ] as const) {
      const factor = natural / (await milliseconds(sentence, voice, { speed })) / speed
      expect(Math.abs(factor - 1), `${speed}: ${factor}`).toBeLessThan(slack)
    }
  })

  test('is about equally loud in all voices', async () => {
    const loudness = await Promise.all(
      voices.map(async (voice) => {
        const { samples } = await speak(sentence, voice)
        return 10 * Math.log10(samples.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / samples.length)
      }),
    )
    expect(Math.max(...loudness) - Math.min(...loudness)).toBeLessThan(4)
  })

  test('says the same in the same way every time', async () => {
    const [first, , third] = await Promise.all([speak(sentence), speak('Something else.'), speak(sentence)])
    expect(first.samples).toEqual(third.samples)
  })

  test('begins and ends with the voice, not with silence', async () => {
    for (const voice of voices) {
      const { samples, sampleRate } = await speak('Tick tock.', voice)
      const loud = (sample: number) => Math.abs(sample) > 500
      expect(samples.findIndex(loud) / sampleRate).toBeLessThan(0.12)
      expect((samples.length - samples.findLastIndex(loud)) / sampleRate).toBeLessThan(0.25)
    }
  })

  test('gives a short silence for a segment of marks alone', async () => {
    const { samples, sampleRate } = await speak('* * *')
    expect(samples.length / sampleRate).toBe(0.1)
    expect(samples.every((sample) => sample === 0)).toBe(true)
    const silence = { expectedMs: 100, maxMs: 100 }
    expect(engine.estimate({ text: '* * *', voice: 'otto', settings: { speed: 4 } })).toEqual(silence)
  })

  test('keeps the event loop free while it speaks', async () => {
    await speak(sentence)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    await Promise.all(Array.from({ length: 8 }, () => speak(sentence, 'russell', { speed: 0.25 })))
    delay.disable()
    // Each of them computes for more than 400 ms.
    expect(delay.percentile(99) / 1e6).toBeLessThan(200)
  })

  test('gives back the place of what is aborted', async () => {
    const controller = new AbortController()
    const start = (text: string) =>
      engine.speak({ text, voice: 'russell', settings: { speed: 0.25 } }, { signal: controller.signal })
    const first = start('Hi.')
    const others = Promise.allSettled(Array.from({ length: 40 }, () => start('seventy seven '.repeat(21))))
    // When the first is done, two of the others run and the rest waits.
    await first
    controller.abort(new Error('enough'))
    for (const { status } of await others) expect(status).toBe('rejected')
    expect(await milliseconds('Hi.')).toBeGreaterThan(200)
  })

  test('ends a call that takes too long, and says that it may be tried again', async () => {
    const hasty = createOfflineEngine({ threads: 1, timeoutMs: 1 })
    const request = { text: sentence, voice: 'stella', settings: {} }
    await expect(hasty.speak(request, { signal })).rejects.toMatchObject({ name: 'EngineError', retryable: true })
    await hasty.close()
  })

  test('refuses another language with a sentence that names it', () => {
    const refusal = engine.check({ text: 'Der Hund ist nicht im Garten, er schläft.', voice: 'stella', settings: {} })
    expect(refusal?.message).toBe(
      'the voice Stella speaks English only; this text looks like German. Write it in English, or choose a voice that speaks its language.',
    )
  })

  test('takes segments of a checked text as they are, also those that alone would look foreign', async () => {
    expect(await milliseconds('Où est ma chatte?')).toBeGreaterThan(500)
  })

  const chapter = readFileSync(new URL('../../../core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')
  const paragraphs = chapter.split(/\n\n+/u).flatMap((paragraph) => paragraph.match(/[\s\S]{1,290}(?:\s|$)/gu) ?? [])

  test.each(voices)(
    'estimates prose for %s within 15 %, never reserves more than 1.6 times that, and hastens none of it',
    async (voice) => {
      const texts = paragraphs.slice(3, 17)
      const lengths = await Promise.all(texts.map((text) => milliseconds(text, voice)))
      const total = lengths.reduce((sum, length) => sum + length)
      const estimates = texts.map((text) => engine.estimate({ text, voice, settings: {} }))
      const expectedMs = estimates.reduce((sum, estimate) => sum + estimate.expectedMs, 0)
      const maxMs = estimates.reduce((sum, estimate) => sum + estimate.maxMs, 0)
      expect(Math.abs(expectedMs / total - 1)).toBeLessThan(0.15)
      expect(maxMs / expectedMs).toBeLessThan(1.6)
      for (const [index, length] of lengths.entries()) {
        // What is hastened ends just below what it may be.
        expect(length / (estimates[index]?.maxMs ?? 0)).toBeLessThan(0.96)
      }
    },
  )

  test.each(voices)(
    '%s never speaks longer than it reserves, whatever the text',
    { timeout: 120_000 },
    async (voice) => {
      // `npm run prove -- bounds` tries thousands.
      expect(await proveBounds(engine, { runs: 15, voices: [voice] })).toBeLessThanOrEqual(1)
    },
  )
})
