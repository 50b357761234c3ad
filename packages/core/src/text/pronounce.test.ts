import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PronunciationRule, pronounce, rulesFor } from './pronounce.ts'

const rule = (phrase: string, replacement: string, caseSensitive = false): PronunciationRule => ({
  phrase,
  replacement,
  caseSensitive,
})

describe('pronouncing', () => {
  test('replaces whole words, in any case unless told otherwise', () => {
    const rules = [rule('SQL', 'sequel'), rule('US', 'U.S.', true)]
    expect(pronounce('SQL, sql and MySQL; SQLite. Ask us in the US.', rules)).toBe(
      'sequel, sequel and MySQL; SQLite. Ask us in the U.S..',
    )
  })

  test('takes the longest that applies, and nothing twice', () => {
    const rules = [rule('New York', 'Nyew York'), rule('York', 'New York'), rule('New York City', 'the City')]
    expect(pronounce('New York City, New\n York and York', rules)).toBe('the City, Nyew York and New York')
  })

  test('of two for the same word takes that for its case, else the first', () => {
    const rules = [rule('polish', 'pollish'), rule('Polish', 'Poh-lish', true), rule('polish', 'never')]
    expect(pronounce('Polish polish POLISH', rules)).toBe('Poh-lish pollish pollish')
  })

  test('knows words of all scripts, marks and signs', () => {
    expect(pronounce('Žižek žižekian C++ C+ naïve', [rule('žižek', 'Zheezhek'), rule('C++', 'C plus plus')])).toBe(
      'Zheezhek žižekian C plus plus C+ naïve',
    )
    expect(pronounce('a $& b', [rule('a', '$&')])).toBe('$& $& b')
    expect(pronounce('laugh [laugh] LAUGH', [rule('laugh', 'laff')])).toBe('laff [laugh] laff')
  })

  test('finds the rules that a text needs', () => {
    const rules = [rule('one', '1'), rule('two', '2'), rule('ONE', 'I', true)]
    expect(rulesFor('One and one.', rules)).toEqual([rules[0]])
    expect(rulesFor('ONE', rules)).toEqual([rules[2]])
    expect(rulesFor('three', rules)).toEqual([])
  })

  test('with the rules it needs says the same as with all', () => {
    const word = fc.constantFrom('ab', 'Ab', 'c', 'a-b', 'ab c', 'C', 'é', '.', 'x.')
    const anyRule = fc.record({ phrase: word, replacement: fc.string(), caseSensitive: fc.boolean() })
    fc.assert(
      fc.property(fc.array(word), fc.array(anyRule, { maxLength: 8 }), (words, rules) => {
        const text = words.join(' ')
        expect(pronounce(text, rulesFor(text, rules))).toBe(pronounce(text, rules))
      }),
    )
  })
})
