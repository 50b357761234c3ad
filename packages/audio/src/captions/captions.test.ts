import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toCues } from './cues.ts'
import { toSrt, toVtt } from './format.ts'
import { estimateWords } from './words.ts'

const span = { startMs: 1_000, endMs: 4_000 }

describe('estimated words', () => {
  test('are the words of the text, in order, over its whole time', () => {
    const words = estimateWords('“Well,” said Alice, “after such a fall!”', span)
    expect(words.map(({ word }) => word)).toEqual(['Well', 'said', 'Alice', 'after', 'such', 'a', 'fall'])
    expect(words.map(({ text }) => text).join('')).toBe('“Well,” said Alice, “after such a fall!”')
    expect(words[0]).toMatchObject({ startMs: 1_000 })
    expect(words.at(-1)).toMatchObject({ endMs: 4_000 })
  })

  test('take longer where they are longer, are figures, or are followed by a pause', () => {
    const length = (text: string, index: number) => {
      const word = estimateWords(text, span)[index]
      return (word?.endMs ?? 0) - (word?.startMs ?? 0)
    }
    expect(length('a considerable', 1)).toBeGreaterThan(5 * length('a considerable', 0))
    expect(length('in 1998 only', 1)).toBeGreaterThan(length('in only only', 1) * 1.5)
    expect(length('so, we go', 0)).toBeGreaterThan(length('so we go', 0))
  })

  test('are told apart in languages without spaces', () => {
    expect(estimateWords('我们明天去北京。', span, 'zh').map(({ word }) => word)).toEqual([
      '我们',
      '明天',
      '去',
      '北京',
    ])
  })

  test('cover any text without a gap', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), fc.nat(60_000), (text, ms) => {
        const words = estimateWords(text, { startMs: 500, endMs: 500 + ms })
        expect(words.map((word) => word.text).join('')).toBe(text)
        let at = 500
        for (const { startMs, endMs } of words) {
          expect(startMs).toBe(at)
          expect(endMs).toBeGreaterThanOrEqual(startMs)
          at = endMs
        }
        expect(at).toBe(500 + ms)
      }),
    )
  })
})

describe('cues', () => {
  const cues = (text: string, ms: number) => toCues(estimateWords(text, { startMs: 0, endMs: ms }))

  test('are two lines of 42 characters and seven seconds at most, broken where clauses end', () => {
    const text =
      'Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it.'
    const found = cues(text, 13_000)
    for (const { lines, startMs, endMs } of found) {
      expect(lines.length).toBeLessThanOrEqual(2)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(48)
      expect(endMs - startMs).toBeLessThanOrEqual(7_000)
    }
    expect(found.map(({ lines }) => lines.join(' ')).join(' ')).toBe(text)
    expect(found[0]?.lines.join(' ')).toMatch(/[,:]$/)
  })

  test('keep short sentences together, and end with long ones', () => {
    expect(cues('No. Never. I will not.', 2_000)).toHaveLength(1)
    const two = cues(
      'This is a sentence that fills a line of its own, and more. And this is another one of about that length.',
      6_000,
    )
    expect(two.map(({ lines }) => lines.join(' '))).toEqual([
      'This is a sentence that fills a line of its own, and more.',
      'And this is another one of about that length.',
    ])
  })

  test('of any text hold all of it, one after the other', () => {
    fc.assert(
      fc.property(fc.array(fc.lorem({ maxCount: 1 }), { minLength: 1, maxLength: 60 }), (words) => {
        const text = words.join(' ')
        const found = cues(text, text.length * 70)
        expect(found.map(({ lines }) => lines.join(' ')).join(' ')).toBe(text)
        for (const [index, cue] of found.entries()) expect(cue.startMs).toBe(found[index - 1]?.endMs ?? 0)
      }),
    )
  })
})

describe('files', () => {
  const cues = [
    { startMs: 0, endMs: 59_999, lines: ['One & <two>', 'a --> b'] },
    { startMs: 60_000, endMs: 3_723_004, lines: ['Three'] },
  ]

  test('of SubRip', () => {
    expect(toSrt(cues)).toBe(
      '1\n00:00:00,000 --> 00:00:59,999\nOne & <two>\na → b\n\n2\n00:01:00,000 --> 01:02:03,004\nThree\n',
    )
  })

  test('of WebVTT', () => {
    expect(toVtt(cues, ['Times of words are estimated.'])).toBe(
      'WEBVTT\n\nNOTE Times of words are estimated.\n\n00:00:00.000 --> 00:00:59.999\nOne &amp; &lt;two&gt;\na --&gt; b\n\n00:01:00.000 --> 01:02:03.004\nThree\n',
    )
  })
})
