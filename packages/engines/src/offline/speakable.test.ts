import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSpeakable, speakable } from './speakable.ts'

describe('speakable', () => {
  test.each([
    ['accents and ligatures', 'Café déjà vu, ﬁne Łódź, straße, Ærø', 'Cafe deja vu, fine Lodz, strasse, AEro'],
    ['curly quotes', '“Don’t,” she said, ‘please’…', "\"Don't,\" she said, 'please'..."],
    ['dashes as pauses', 'Yes—no -- perhaps – or not', 'Yes, no, perhaps, or not'],
    ['dashes between numbers', '1914–1918, −5 and 3 − 2', '1914-1918, -5 and 3 minus 2'],
    [
      'dollars',
      '$3.50, $1, $1.01, $1,000,000 and $2.5 million',
      '3 dollars 50 cents, 1 dollar, 1 dollar 01 cents, 1,000,000 dollars and 2.5 million dollars',
    ],
    ['other currencies', '£20, €1.05, ¥500, 5 €', '20 pounds, 1 euro 05 cents, 500 yen, 5 euros'],
    [
      'signs',
      'AT&T: 50% @ 25°C = 77 °F + ½',
      'AT and T: 50 percent at 25 degrees Celsius equals 77 degrees Fahrenheit plus 1/2',
    ],
    ['mixed fractions and powers', '2½ m² and x³', '2 1/2 m squared and x cubed'],
    ['marks of emphasis', '_Never_ *again*, snake_case and **bold**', 'Never again, snake case and bold'],
    ['products and comparisons', '3*4 > 2 × 5 ≥ 1', '3 times 4 greater than 2 times 5 at least 1'],
    ['numbers and tags', '#1 in C#: #music, No. 5', 'number 1 in C sharp: hashtag music, number 5'],
    ['addresses', 'https://example.com/path or a.b@mail.org', 'example dot com slash path or a.b at mail dot org'],
    ['Greek letters', 'α-rays and π', 'alpha -rays and pi'],
    ['avenues', 'Fifth Ave., Ave Maria', 'Fifth Avenue., Ave Maria'],
    ['slashes', 'and/or 3/4', 'and slash or 3/4'],
    [
      'slashes wherever they stand',
      "/usr/'s/ (a)/b 1/ 2 c.//",
      "slash usr slash 's slash (a) slash b 1 slash 2 c. slash",
    ],
    ['wide letters', 'ＦＵＬＬ', 'FULL'],
    ['what is no state', 'HI, said OK Dear Miss, my ID', 'hi, said ok Dear miss, my I D'],
    ['states', 'Boston, MA 02115', 'Boston, MA 02115'],
    [
      'line breaks and invisible characters',
      'one\r\n\r\ntwo\u0000three\u200b\u00ad four\tfive',
      'one two three four five',
    ],
    ['what it has no sound for', 'Go 世界 🙂 there', 'Go there'],
    ['long rules', 'a ------ b ...... c!!!!!!', 'a, b... c!!!'],
  ])('writes %s as Flite reads them', (_, text, ascii) => {
    expect(speakable(text)).toBe(ascii)
  })

  test('finds nothing in marks, blanks, emoji and what it cannot fold', () => {
    for (const text of ['', ' \n', '* * *', '…?!', '🙂👍🏽', '———', '世界', '()', '_'])
      expect([speakable(text), isSpeakable(text)], JSON.stringify(text)).toEqual(['', false])
    for (const text of ['a', '7', '½', '£', 'é', 'π', '&']) expect(isSpeakable(text), text).toBe(true)
  })

  test('gives clean ASCII for every text, that stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const ascii = speakable(text)
        expect(ascii).toMatch(/^[\x21-\x7e]*(?: [\x21-\x7e]+)*$/u)
        expect(ascii).not.toMatch(/[$&@%#=+*_<>[\]{}\\|^~`]/u)
        expect(isSpeakable(text)).toBe(ascii !== '')
      }),
    )
  })

  test('leaves plain English as it is', () => {
    const text =
      "She said: 'No, I can't; it's (as you know) 10:30 p.m. already!' Why, then, did Mr. Smith's 3 well-known dogs bark?"
    expect(speakable(text)).toBe(text)
  })

  test('takes time in proportion to the text', () => {
    for (const worst of [
      '$',
      '$1',
      '-',
      '.',
      '1',
      'a',
      ' ',
      '*',
      '#',
      '<',
      '/',
      '°',
      '1,',
      'a.',
      '\n',
      '—',
      ' —',
      '½',
      'é',
      '3 ',
    ]) {
      const start = performance.now()
      speakable(worst.repeat(200_000 / worst.length))
      expect(performance.now() - start, JSON.stringify(worst)).toBeLessThan(2000)
    }
  })
})
