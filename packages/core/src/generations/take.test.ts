import { readFileSync } from 'node:fs'
import type { Engine, SpeakSettings, Speech } from '@loqui/engines/engine'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { splitText } from '../text/split.ts'
import { judgeSpeech } from './take.ts'

const engine = createOfflineEngine({ threads: 2 })
afterAll(() => engine.close())

const chapter = readFileSync(new URL('../../fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')
const passages = splitText(chapter, { maxCharacters: engine.limits.segmentCharacters }).map(({ text }) => text)
const voices = engine.voices.map(({ id }) => id)

async function judge(text: string, voice: string, settings: SpeakSettings = {}) {
  const request = { text, voice, settings }
  const speech = await engine.speak(request, { signal: new AbortController().signal })
  return { speech, take: judgeSpeech(engine, request, speech) }
}

const energyOf = ({ samples }: Pick<Speech, 'samples'>) => samples.reduce((sum, sample) => sum + sample * sample, 0)

describe('speech that came out well', () => {
  test.for(voices)(
    'is never refused: prose, brief words and figures in the voice %s',
    { timeout: 60_000 },
    async (voice) => {
      const texts = [
        ...passages.filter((_, index) => index % 12 === 0),
        'Yes.',
        'No!',
        'Oh, I see: 7, 8, 9.',
        'It cost $1,250.99 on 3 May 2024, i.e. 25% more.',
        'CA NY TX',
        'a',
        'The U.S. at 5 p.m.',
        '1234567890',
        'Thursday 4/11, Dr. Smith, 12 St. James St.',
        'Hm… well; so, no?',
      ]
      const slowly = texts.filter(({ length }) => length < 20)
      const asked: (readonly [string, number])[] = texts.flatMap((text) => [[text, 1] as const, [text, 4] as const])
      for (const text of slowly) asked.push([text, 0.25])
      const takes = await Promise.all(
        asked.map(async ([text, speed]) => ({ text, speed, ...(await judge(text, voice, { speed })) })),
      )
      for (const { text, speed, speech, take } of takes) {
        expect(take.flaws, `${voice} at ${speed}: ${text}`).toEqual([])
        expect(energyOf(take), text).toBeGreaterThan(0.999 * energyOf(speech))
        // The engine has trimmed it already. Slow speech dies away for long.
        if (speed >= 1) expect(take.samples.length, text).toBeGreaterThan(0.75 * speech.samples.length)
      }
    },
  )

  test('is never refused, whatever is written of letters, figures and marks', { timeout: 60_000 }, async () => {
    const unit = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEZ0123456789 ,.;:!?-$%&\'"éß…'.split(''))
    const prose = fc.array(fc.constantFrom(...chapter.split(/\s+/u).slice(0, 400)), { minLength: 1, maxLength: 40 })
    const text = fc.oneof(
      fc.string({ unit, minLength: 1, maxLength: 60 }),
      prose.map((words) => words.join(' ').slice(0, 300)),
    )
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(...voices), async (written, voice) => {
        const { take } = await judge(written, voice)
        expect(take.flaws).toEqual([])
      }),
      { numRuns: 80 },
    )
  })
})

describe('of what nothing is to be heard', () => {
  const silent: Engine = { ...engine, limits: { ...engine.limits, segmentMs: 40_000 } }
  const judged = (text: string) =>
    judgeSpeech(
      silent,
      { text, voice: voices[0] ?? '', settings: {} },
      { samples: new Int16Array(2_400), sampleRate: 24_000, costMicros: 0 },
    )

  test('silence is what is right', () => {
    for (const text of ['* * *', '…', '—', '']) expect(judged(text).flaws).toEqual([])
    expect(judged('Hello there.').flaws).toEqual(['silent'])
  })
})
