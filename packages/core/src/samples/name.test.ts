import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameOfFile, sampleName } from './name.ts'

test.each([
  ['Ada reads.wav', 'Ada reads'],
  ['../../etc/passwd', 'passwd'],
  ['..\\..\\windows\\win.ini', 'win'],
  ['C:\\fakepath\\recording.m4a', 'recording'],
  ['a\0b.wav', 'a b'],
  ['two\r\nSet-Cookie: stolen=1.wav', 'two Set-Cookie: stolen=1'],
  ['\u202egpj.exe.wav', 'gpj.exe'],
  ['Ada’s Überraschung 日本語 🎧.flac', 'Ada’s Überraschung 日本語 🎧'],
  ['archive.tar.gz', 'archive.tar'],
  [`${'a'.repeat(4_096)}.wav`, 'a'.repeat(200)],
  [`${'🎧'.repeat(150)}x.wav`, '🎧'.repeat(100)],
  ['half \ud83c.wav', 'half'],
])('a file called %j is a sample called %j', (fileName, name) => {
  expect(nameOfFile(fileName)).toBe(name)
})

test.each(['', '.', '..', '.wav', '/', '\0', '\u202e.wav', '   ', '-.mp3'])(
  '%j calls nothing by a name',
  (fileName) => {
    expect(nameOfFile(fileName)).toBeUndefined()
  },
)

test.each([
  [' A  name\t', 'A name'],
  ['and/or', 'and/or'],
  ['line\nbreak\0', 'line break'],
  ['right \u202eleft\u202c', 'right left'],
])('%j is kept as %j', (given, kept) => {
  expect(sampleName.parse(given)).toBe(kept)
})

test.each(['', ' ', '\n\0\u202e', 'a'.repeat(201), 'a'.repeat(5_000)])('a name is not %j', (given) => {
  expect(sampleName.safeParse(given).error?.issues[0]?.message).toBe('must be 1 to 200 characters long')
})

test('whatever a name is made of, what is kept of it can be shown, stored, and given again', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 })
  fc.assert(
    fc.property(text, (given) => {
      for (const kept of [sampleName.safeParse(given).data, nameOfFile(given)]) {
        if (kept === undefined) continue
        expect(kept).not.toMatch(/[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
        expect(kept.isWellFormed()).toBe(true)
        expect(kept.length).toBeGreaterThan(0)
        expect(kept.length).toBeLessThanOrEqual(200)
        expect(sampleName.parse(kept)).toBe(kept)
      }
    }),
  )
})
