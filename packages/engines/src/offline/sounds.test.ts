import { describe, expect, test } from 'vitest'
import { countSounds, type Sounds } from './sounds.ts'

const nothing: Sounds = {
  utterances: 0,
  words: 0,
  vowels: 0,
  consonants: 0,
  spelled: 0,
  digits: 0,
  commas: 0,
  stops: 0,
  states: 0,
  silent: 0,
}

describe('countSounds', () => {
  test.each([
    ['', {}],
    ['* * *', { silent: 5 }],
    ['Hello', { utterances: 1, words: 1, vowels: 2, consonants: 3 }],
    ['Well, "no".', { utterances: 1, words: 2, vowels: 2, consonants: 4, commas: 1, stops: 1 }],
    ['HTTP', { utterances: 1, spelled: 4 }],
    ['w', { utterances: 1, spelled: 2 }],
    ['777', { utterances: 1, digits: 3 }],
    ['10km', { utterances: 1, digits: 2, spelled: 2 }],
    ['NC', { utterances: 1, spelled: 2, states: 1 }],
    ['One\n\nOne', { utterances: 2, words: 2, vowels: 4, consonants: 2 }],
    ['One\nOne', { utterances: 1, words: 2, vowels: 4, consonants: 2 }],
  ])('counts %j', (text, sounds) => {
    expect(countSounds(text)).toEqual({ ...nothing, ...sounds })
  })

  test('takes for words what Flite reads as words', () => {
    const words = "thumb chrome lamps doubt known world wouldn't psalm school eyes yes bryony it's they'll"
    expect(countSounds(words).spelled).toBe(0)
  })

  test('spells what has no syllable that English begins or ends with', () => {
    for (const word of ['mr', 'bcd', 'xkcd', 'hmm', 'vzva', 'mlaq', 'avkz', 'XVIII', 's'])
      expect(countSounds(word).spelled, word).toBe(word.length)
  })

  test('counts an utterance more for every hundred characters without a mark', () => {
    expect(countSounds('ten times '.repeat(35)).utterances).toBe(4)
    expect(countSounds('ten times, '.repeat(35)).utterances).toBe(1)
    expect(countSounds('ba'.repeat(200)).utterances).toBe(5)
  })

  test('takes time in proportion to the text', () => {
    for (const worst of ['.,', '.', 'ab', 'a', 'b', '1.', "a'", '"(', '\n', '\n ', '- ']) {
      const start = performance.now()
      countSounds(`${worst.repeat(200_000 / worst.length)}a`)
      expect(performance.now() - start, JSON.stringify(worst)).toBeLessThan(2000)
    }
  })
})
