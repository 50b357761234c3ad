import { describe, expect, test } from 'vitest'
import { countSounds, type Sounds } from './sounds.ts'

const nothing: Sounds = { words: 0, vowels: 0, consonants: 0, spelled: 0, digits: 0, commas: 0, stops: 0 }

describe('countSounds', () => {
  test.each([
    ['', {}],
    ['Hello', { words: 1, vowels: 2, consonants: 3 }],
    ['Well, "no".', { words: 2, vowels: 2, consonants: 4, commas: 1, stops: 1 }],
    ['fox', { words: 1, vowels: 1, consonants: 3 }],
    ['HTTP', { spelled: 4 }],
    ['w', { spelled: 2 }],
    ['777', { digits: 3 }],
    ['10km', { digits: 2, spelled: 2 }],
    ['One One', { words: 2, vowels: 4, consonants: 2 }],
  ])('counts %j', (text, sounds) => {
    expect(countSounds(text)).toEqual({ ...nothing, ...sounds })
  })

  test.each([
    ['NC', 'north carolina'],
    ['Okla', 'oklahoma'],
    ['Ca', 'california'],
    ['Feb', 'february'],
    ['OCT', 'october'],
    ['Mr', 'mister'],
  ])('counts %s as it is read, %s', (abbreviation, full) => {
    expect(countSounds(abbreviation)).toEqual(countSounds(full))
  })

  test('takes no other word for an abbreviation', () => {
    for (const word of ['In', 'constructor', 'toString', 'ny']) expect(countSounds(word).words, word).toBe(1)
    expect(countSounds('ca')).toEqual({ ...nothing, words: 1, vowels: 1, consonants: 1 })
  })

  test('takes for words what Flite reads as words', () => {
    const words = "thumb chrome lamps doubt known world wouldn't psalm school eyes yes bryony it's they'll"
    expect(countSounds(words).spelled).toBe(0)
  })

  test('spells what has no syllable that English begins or ends with', () => {
    for (const word of ['bcd', 'xkcd', 'hmm', 'vzva', 'mlaq', 'avkz', 'XVIII', 's'])
      expect(countSounds(word).spelled, word).toBe(word.length)
  })

  test('takes time in proportion to the text', () => {
    for (const worst of ['.,', '.', 'ab', 'a', 'b', '1.', "a'", '"(', '\n', '\n ', '- ']) {
      const start = performance.now()
      countSounds(`${worst.repeat(200_000 / worst.length)}a`)
      expect(performance.now() - start, JSON.stringify(worst)).toBeLessThan(2000)
    }
  })
})
