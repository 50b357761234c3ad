import { expect, test } from 'vitest'
import { speakable } from './speakable.ts'

test.each([
  ['en-US', 'It costs $12.50, or £3 million.', 'It costs 12 dollars 50 cents, or 3 million pounds.'],
  ['de', 'Es kostet €12,50 oder 3 €.', 'Es kostet 12,50 € oder 3 €.'],
  ['en', 'Hi\0\u0001 there\u200b 🙂👍🏽🇩🇪!', 'Hi there !'],
  ['fa', 'می\u200cآیند', 'می\u200cآیند'],
  ['en', '© 2026 Loqui™', '© 2026 Loqui™'],
  ['en', 'One\n----------\nTwo…', 'One --- Two…'],
  ['en', ' \ud83d ', ''],
  ['fr', 'e\u0301te\u0301', 'été'],
])('in %s %j is spoken as %j', (language, text, spoken) => {
  expect(speakable(text, language).replace(/\s+/gu, ' ')).toBe(spoken)
})
