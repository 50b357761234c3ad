import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitText } from './split.ts'

const chapter = readFileSync(new URL('../../fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')

const texts = (text: string, maxCharacters = 300) => splitText(text, { maxCharacters }).map((segment) => segment.text)
const spaced = (text: string) => text.replace(/\s+/gu, ' ')
const pauses = (text: string, maxCharacters = 300) => splitText(text, { maxCharacters }).map(({ pauseMs }) => pauseMs)

describe('splitText', () => {
  it('keeps a short text whole', () => {
    expect(splitText(' Hello there. ', { maxCharacters: 300 })).toEqual([
      { index: 0, start: 1, end: 13, text: 'Hello there.', pauseMs: 0 },
    ])
  })

  it('gives nothing for a blank text', () => {
    expect(texts('')).toEqual([])
    expect(texts(' \n\t\r\n \u2029 ')).toEqual([])
  })

  it('ends segments at sentences', () => {
    const first = 'The first sentence is about as long as a sentence should be, and so it goes.'
    const second = 'The second one is just as long, and nobody would want to cut it in two halves.'
    expect(texts(`${first} ${second}`, 100)).toEqual([first, second])
  })

  it('takes a single line break for a space and a blank line for the end of a paragraph', () => {
    expect(texts('A line that is\nwrapped by hand.\n\nAnother paragraph.')).toEqual([
      'A line that is\nwrapped by hand.',
      'Another paragraph.',
    ])
    for (const single of ['\r\n', '\r', '\u2028', ' \r\n '])
      expect(texts(`One paragraph${single}and its end`), JSON.stringify(single)).toHaveLength(1)
    for (const blank of ['\r\n\r\n', '\r\n \r\n', '\n\r\n', '\n  \n', '\n\n\n\n', '\u2029', '\r\r', '\f'])
      expect(texts(`One paragraph${blank}and the next`), JSON.stringify(blank)).toEqual([
        'One paragraph',
        'and the next',
      ])
  })

  it('does not end a sentence after an abbreviation, an initial or before what goes on in lower case', () => {
    const sentences = [
      'Mr. and Mrs. Smith met Dr. Jones of St. Mary at 5 p.m. sharp in front of No. 10 Downing St. in London, near the river.',
      'The book by J. R. R. Tolkien, i.e. the long one, has maps, cf. Fig. 3 on p. 12, with mountains etc. drawn by his own hand.',
      '‘Well!’ thought Alice to herself, ‘after such a fall as this, I shall think nothing of tumbling down stairs!’ said she.',
    ]
    for (const sentence of sentences) expect(texts(`${sentence} ${sentence}`, 130)).toEqual([sentence, sentence])
  })

  it('lets an abbreviation end a sentence when the next begins with a capital', () => {
    const first = 'We met in the early evening, at seven or at the very latest eight p.m.'
    const second = 'Everybody was there already and had eaten all of the cake that we made.'
    expect(texts(`${first} ${second}`, 100)).toEqual([first, second])
  })

  it('joins short sentences of a paragraph, never of two', () => {
    expect(texts('Yes. No. Perhaps. I do not know.')).toEqual(['Yes. No. Perhaps. I do not know.'])
    expect(texts('Yes.\n\nNo.')).toEqual(['Yes.', 'No.'])
  })

  it('leaves no crumb beside a sentence that fills a segment', () => {
    const long = `It was a day on which ${'nothing happened, '.repeat(15)}nothing at all.`
    expect(long.length).toBeLessThan(310)
    for (const segment of texts(`Yes. ${long}`, long.length)) expect(segment.length).toBeGreaterThan(40)
    for (const segment of texts(`${long} Yes.`, long.length)) expect(segment.length).toBeGreaterThan(40)
  })

  it('cuts a sentence that is too long at a clause, near its middle', () => {
    expect(texts('When the rain had stopped at last, the children ran out into the garden.', 50)).toEqual([
      'When the rain had stopped at last,',
      'the children ran out into the garden.',
    ])
  })

  it('cuts at spaces where there is no clause, and in a word only when it is longer than a segment', () => {
    expect(texts('one two three four five six seven eight', 20)).toEqual(['one two three four', 'five six seven eight'])
    expect(texts('abcdefghij', 4).join('')).toBe('abcdefghij')
  })

  it('cuts no grapheme that fits', () => {
    const family = '👨‍👩‍👧‍👦'
    for (const segment of texts(family.repeat(40), 30)) expect(segment.length % family.length).toBe(0)
    for (const segment of texts('é'.normalize('NFD').repeat(99), 7)) expect(segment.normalize('NFC')).toMatch(/^é+$/u)
  })

  it('cuts a grapheme that does not fit between code points', () => {
    const segments = texts(`a${'\u0301'.repeat(50)}${'😀\u200d'.repeat(50)}`, 5)
    for (const segment of segments) expect(segment.isWellFormed()).toBe(true)
  })

  it('splits languages that write without spaces', () => {
    expect(texts('今日は天気がいいですね。散歩に行きましょうか。公園で待っています。', 14)).toEqual([
      '今日は天気がいいですね。',
      '散歩に行きましょうか。',
      '公園で待っています。',
    ])
  })

  it('pauses after sentences, longer after paragraphs, briefly within a sentence and not at the end', () => {
    const sentence = 'This sentence has about sixty characters, which is enough.'
    const [clause, end] = pauses(sentence, 50)
    const [afterSentence, afterParagraph, last] = pauses(`${sentence} ${sentence}\n\n${sentence}`, 60)
    expect(clause).toBeGreaterThan(0)
    expect(afterSentence).toBeGreaterThan(clause ?? 0)
    expect(afterParagraph).toBeGreaterThan(afterSentence ?? 0)
    expect([end, last]).toEqual([0, 0])
  })

  it('puts stars between paragraphs to what they follow', () => {
    expect(texts('The end of one.\n\n* * *\n\nThe next begins.').map(spaced)).toEqual([
      'The end of one. * * *',
      'The next begins.',
    ])
    expect(texts('* * *\n\nThe first begins.').map(spaced)).toEqual(['* * * The first begins.'])
  })

  it('splits a chapter of hard-wrapped prose at its sentences', () => {
    const segments = splitText(chapter, { maxCharacters: 300 })
    expect(
      segments
        .map(({ text }) => text)
        .join(' ')
        .split(/\s+/u),
    ).toEqual(chapter.trim().split(/\s+/u))
    expect(segments[0]?.text).toBe('CHAPTER I. Down the Rabbit-Hole')
    // Of the 57 that are not the last, those that end in no mark were cut for their length.
    const cutAtWord = segments.slice(1, -1).filter(({ text }) => !/[.!?,;:*]['’)]*$|--$/u.test(text))
    expect(cutAtWord.length).toBeLessThanOrEqual(3)
    expect(segments.filter(({ text }) => text.length < 60).length).toBeLessThanOrEqual(2)
  })

  it('gives the same for a sentence wherever its paragraph is cut into windows', () => {
    const sentence = 'Every sentence of this one is forty long. '
    expect(sentence.length).toBe(42)
    for (const segment of texts(sentence.repeat(200), 90)) expect(segment.length % 42).toBe(41)
  })

  it('cuts a sentence that is longer than a window where it would cut a shorter one', () => {
    const talk = 'and then we went on to the next village where nobody was about '.repeat(100).trim()
    const items = 'vanilla, cinnamon, nutmeg, '.repeat(200).trim()
    const untidy = 'nobody was about. i walked on and on until the road came to its end. '.repeat(60).trim()
    for (const [text, ends] of [
      [talk, /\w$/u],
      [items, /,$/u],
      [untidy, /\.$/u],
    ] as const) {
      expect(text.length).toBeGreaterThan(4_000)
      const segments = splitText(text, { maxCharacters: 300 })
      expect(segments.map((segment) => segment.text).join(' ')).toBe(text)
      for (const segment of segments) expect(segment.text).toMatch(ends)
    }
    const [first] = splitText(talk, { maxCharacters: 300 })
    expect(first?.pauseMs).toBe(0)
    for (const segment of texts(`a${'😀'.repeat(3_000)}`)) expect(segment.isWellFormed()).toBe(true)
    const thai = texts('ภาษา'.repeat(1_200))
    for (const segment of thai.slice(0, -1)) expect(segment.length).toBeGreaterThan(200)
  })

  it('takes time in proportion to the text', () => {
    const time = (text: string) => {
      const start = performance.now()
      splitText(text, { maxCharacters: 300 })
      return performance.now() - start
    }
    const book = `${chapter}\n`.repeat(50)
    time(book)
    expect(time(book)).toBeLessThan(400)
    for (const worst of ['a', ' ', '\n', '\n ', '.', 'a.', 'A. ', '\u0301', '(', '—', ', ', '😀', 'Mr. ', '"'])
      expect(time(worst.repeat(200_000 / worst.length)), JSON.stringify(worst)).toBeLessThan(2000)
  })

  it('refuses a size or a locale that means nothing', () => {
    for (const maxCharacters of [1, 0, -5, 2.5, Number.NaN])
      expect(() => splitText('Hello', { maxCharacters })).toThrow(/maxCharacters: expected an integer/u)
    expect(() => splitText('Hello', { maxCharacters: 300, locale: 'not a tag' })).toThrow(RangeError)
  })

  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.string({ unit: 'grapheme', maxLength: 600 }),
    fc
      .array(
        fc.constantFrom(
          'word',
          'Mr.',
          'a',
          'end.',
          'why?',
          'so,',
          '--',
          '\n',
          '\n\n',
          '\r\n',
          '  ',
          '“Oh!”',
          '…',
          '。',
          '* *',
          '😀',
        ),
        {
          maxLength: 200,
        },
      )
      .map((parts) => parts.join(' ')),
    fc.nat(chapter.length).map((start) => chapter.slice(start, start + 2500)),
  )

  it('covers all text that is not blank once, in order, in segments that are filled and short enough', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 400 }), (text, maxCharacters) => {
        const segments = splitText(text, { maxCharacters })
        let position = 0
        for (const [index, segment] of segments.entries()) {
          expect(segment.index).toBe(index)
          expect(segment.text).toBe(text.slice(segment.start, segment.end))
          expect(text.slice(position, segment.start).trim()).toBe('')
          expect(segment.text.trim()).toBe(segment.text)
          expect(segment.text.length).toBeGreaterThan(0)
          expect(segment.text.length).toBeLessThanOrEqual(maxCharacters)
          expect(segment.pauseMs === 0 || index < segments.length - 1).toBe(true)
          position = segment.end
        }
        expect(text.slice(position).trim()).toBe('')
      }),
      { numRuns: 300 },
    )
  })

  it('leaves words whole that fit in a segment, and well-formed text well formed', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), { maxLength: 150 })
    fc.assert(
      fc.property(words, (parts) => {
        const text = parts.join(' ')
        const segments = texts(text, 200)
        for (const segment of segments) expect(segment.isWellFormed()).toBe(true)
        expect(segments.join('').replace(/\s+/gu, '')).toBe(text.replace(/\s+/gu, ''))
      }),
    )
  })
})
