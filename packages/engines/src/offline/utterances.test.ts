import fc from 'fast-check'
import { expect, test } from 'vitest'
import { breakIntoUtterances } from './utterances.ts'

test('leaves ordinary text in one', () => {
  expect(breakIntoUtterances('Hello there.', 60_000)).toBe('Hello there.')
})

test('breaks slow text at spaces, and where there are none anywhere', () => {
  expect(breakIntoUtterances('one two three four', 120_000)).toBe('one two\n\nthree\n\nfour\n\n')
  expect(breakIntoUtterances('7'.repeat(10), 120_000)).toBe('77777\n\n77777\n\n')
})

test('loses no character, and leaves no utterance longer than its share', () => {
  const text = fc
    .array(fc.stringMatching(/^[!-~]{1,20}$/u), { minLength: 1, maxLength: 30 })
    .map((words) => words.join(' '))
  fc.assert(
    fc.property(text, fc.integer({ min: 60_001, max: 2_000_000 }), (spoken, ms) => {
      const utterances = breakIntoUtterances(spoken, ms).trim().split('\n\n')
      expect(utterances.join('').replaceAll(' ', '')).toBe(spoken.replaceAll(' ', ''))
      const share = Math.max(1, (spoken.length * 60_000) / ms)
      for (const utterance of utterances) expect(utterance.length).toBeLessThanOrEqual(share)
    }),
  )
})
