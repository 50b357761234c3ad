import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNormalizable } from './normalize.ts'
import { pronounce } from './pronounce.ts'

/** What an engine is asked for where nobody has rules of their own. */
const normalize = (text: string, language: string) => pronounce(text, [], language)
const american = (text: string) => normalize(text, 'en-US')

describe('what is written out in English', () => {
  test.for([
    // Numbers.
    ['1,234,567.89', 'one million two hundred thirty-four thousand five hundred sixty-seven point eight nine'],
    ['He is 5. Then (7) “9”.', 'He is five. Then (seven) “nine”.'],
    ['He lived at 21 B.', 'He lived at twenty-one B.'],
    ['−3 and -4, .5 and 3.05', 'minus three and minus four, zero point five and three point zero five'],
    ['A 20-year-old took 100,000.', 'A twenty-year-old took one hundred thousand.'],
    ['Agent 007', 'Agent zero zero seven'],
    ['eight—9', 'eight—nine'],
    ['2-3 days, pp. 12–14', 'two to three days, pages twelve to fourteen'],
    // Ordinals and fractions.
    ['the 1st, 2nd, 21st and 1,000th', 'the first, second, twenty-first and one thousandth'],
    ['1/2 or 3/4, 2½, ½ and 4 1/2', 'one half or three quarters, two and a half, one half and four and a half'],
    // Money.
    ['He paid £1,000.', 'He paid one thousand pounds.'],
    ['$1,234.56', 'one thousand two hundred thirty-four dollars and fifty-six cents'],
    ['$5 million, $3.2bn, €1', 'five million dollars, three point two billion dollars, one euro'],
    ['£0.05 or 5p', 'five pence or five pence'],
    ['$5–10, 20 EUR, US$5', 'five to ten dollars, twenty euros, five US dollars'],
    ['-£3.50', 'minus three pounds and fifty pence'],
    // Shares and units.
    ['5%, 3.5 %, 5-10%', 'five percent, three point five percent, five to ten percent'],
    ['It weighs 3.5 kg.', 'It weighs three point five kilograms.'],
    ['1 km at 12 km/h', 'one kilometer at twelve kilometers per hour'],
    ['5ft, 10 MB, 60 Hz, -5 °C', 'five feet, ten megabytes, sixty hertz, minus five degrees Celsius'],
    // Times.
    ['at 10:45', 'at ten forty-five'],
    ['10:00, 10 a.m., 10am, 9:05 PM', "ten o'clock, ten a.m., ten a.m., nine oh five p.m."],
    ['14:30, 0:15, 10:45:30', 'fourteen thirty, zero fifteen, ten forty-five and thirty seconds'],
    // Years.
    ['In 1891 he came.', 'In eighteen ninety-one he came.'],
    [
      '2024. Then 2005, 1905, 1900, 2000',
      'twenty twenty-four. Then two thousand five, nineteen oh five, nineteen hundred, two thousand',
    ],
    [
      '1891’s end, 1914–1918, 1914-18',
      'eighteen ninety-one’s end, nineteen fourteen to nineteen eighteen, nineteen fourteen to eighteen',
    ],
    ['1500 people in 1500', 'one thousand five hundred people in fifteen hundred'],
    ['the 1990s, the ’90s, his 40s', 'the nineteen nineties, the nineties, his forties'],
    ['the mid-1800s', 'the mid-eighteen hundreds'],
    // Dates.
    ['June 5, 2024', 'June fifth, twenty twenty-four'],
    ['On 5 June 1891 and the 5th of June', 'On the fifth of June, eighteen ninety-one and the fifth of June'],
    ['2024-06-05, 6/5/2024', 'June fifth, twenty twenty-four, June fifth, twenty twenty-four'],
    // Abbreviations.
    ['Dr. Watson and Mrs. Hudson', 'Doctor Watson and Missus Hudson'],
    ['from St. Paul to Baker St.', 'from Saint Paul to Baker Street.'],
    ['apples, pears, etc. Then No. 5', 'apples, pears, et cetera. Then number five'],
    ['Smith & Sons Inc. made, e.g., tea', 'Smith and Sons Incorporated made, for example, tea'],
  ])('“%s”', ([written = '', said]) => {
    expect(american(written)).toBe(said)
  })

  test('as it is said in Britain, where that is spoken', () => {
    expect(normalize('On 6/5/2024, 101% of 2001', 'en-GB')).toBe(
      'On the sixth of May, twenty twenty-four, one hundred and one per cent of two thousand and one',
    )
  })
})

describe('what is left as it is', () => {
  test.for([
    'version 1.2.3 and v2.0',
    'Call 555-1234, (555) 123-4567, +44 20 7946 0958 or 020 7946 0958.',
    'the A4, COVID-19 and x86_64',
    '192.168.0.1 http://a.com/5 a@5.com 16:9 1,2,3',
    'the id 5551234567 and 12345678901234567890',
    '221B',
    'I said no. He said St.',
    'AT&T',
  ])('%s', (text) => {
    expect(american(text)).toBe(text)
  })
})

describe('what is written out in other languages', () => {
  test.for([
    [
      'de',
      'Es kostet 1.234,50 € für 3,5 kg, 50 %.',
      'Es kostet eintausendzweihundertvierunddreißig komma fünfzig Euro für drei komma fünf Kilogramm, fünfzig Prozent.',
    ],
    [
      'fr',
      'Le 1er a 1 234,5 km et 50 %',
      'Le premier a mille deux cent trente-quatre virgule cinq kilomètres et cinquante pour cent',
    ],
    ['es', 'El 2º, 5 %', 'El segundo, cinco por ciento'],
    ['ja', '3個、1,000円', '三個、千円'],
    ['zh', '有3个', '有三个'],
    ['ru', '21 и 50 %', 'двадцать один и пятьдесят процентов'],
    ['de', 'Version 1.2.3 um 10:45 am 3.5.2024', 'Version 1.2.3 um 10:45 am 3.5.2024'],
  ])('%s: “%s”', ([language = '', written = '', said]) => {
    expect(normalize(written, language)).toBe(said)
  })

  test('but not where there are no words for its numbers', () => {
    expect(isNormalizable('cy')).toBe(false)
    expect(normalize('5 kg', 'cy')).toBe('5 kg')
  })
})

describe('whatever is written', () => {
  const languages = fc.constantFrom(
    'en',
    'en-US',
    'en-GB',
    'de',
    'fr',
    'es-ES',
    'ja',
    'zh',
    'th',
    'ru',
    'hi',
    'ar',
    'no',
    'nl',
  )
  /** What numbers are made of, close together. */
  const figures = fc
    .array(
      fc.oneof(
        fc.constantFrom(..."0123456789.,:/-–—’'$£€%°()+ &\n½²", ' ', '\u00A0'),
        fc.constantFrom(
          'km',
          'kg',
          'a.m.',
          'St. ',
          'Dr. ',
          'No. ',
          'etc.',
          'June ',
          '1891',
          '00',
          '000',
          'th',
          'st',
          's',
          'million',
          'USD',
          'p',
          'bn',
          'Paul ',
        ),
      ),
      { maxLength: 24 },
    )
    .map((parts) => parts.join(''))
  const texts = fc.oneof(figures, fc.string({ unit: 'grapheme' }), fc.lorem())

  test('it is written out without an error, and becomes no more than 24 times as long', () => {
    fc.assert(
      fc.property(texts, languages, (text, language) => {
        expect(normalize(text, language).length).toBeLessThanOrEqual(24 * text.length)
      }),
      { numRuns: 2_000 },
    )
  })

  test('what has no digits any more stays as it is', () => {
    fc.assert(
      fc.property(texts, languages, (text, language) => {
        const once = normalize(text, language)
        // A “St.” goes by what follows, which may have been a number.
        fc.pre(!/\p{N}|St\./u.test(once))
        expect(normalize(once, language)).toBe(once)
      }),
      { numRuns: 2_000 },
    )
  })

  test('words alone are left alone', () => {
    fc.assert(
      fc.property(fc.lorem({ mode: 'sentences', maxCount: 5 }), languages, (text, language) => {
        expect(normalize(text, language)).toBe(text)
      }),
    )
  })

  test('a number in words holds no digit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), languages, (number, language) => {
        expect(normalize(` ${number} `, language)).not.toMatch(/\d/u)
      }),
    )
  })
})

test.for([
  ['en', '1'],
  ['en', '1,'],
  ['en', '1.'],
  ['en', '$'],
  ['en', '5 '],
  ['en', '-'],
  ['en', 'a.'],
  ['en', 'St. '],
  ['en', '100\u00A0'],
  ['en', '100,'],
  ['fr', '100 '],
  ['de', '100.'],
  ['de', '01 '],
] as const)('a long row in %s of “%s” is gone through once', ([language, part]) => {
  expect(normalize(part.repeat(50_000), language).length).toBeGreaterThan(0)
})

test.for([
  ['fr', 'En 2020 l’entreprise', 'En deux mille vingt l’entreprise'],
  ['fr', "En 1998 s'est", "En mille neuf cent quatre-vingt-dix-huit s'est"],
  ['it', "Nel 2020 l'azienda", "Nel duemilaventi l'azienda"],
  ['en', 'In 2020 L’Oréal', 'In twenty twenty L’Oréal'],
  ['es', '5 ha ganado', 'cinco ha ganado'],
  ['sv', '5 min bror', 'fem min bror'],
  ['fr', 'Appelez le 06 12 34 56 78.', 'Appelez le 06 12 34 56 78.'],
  ['de', 'Am 3. Mai 1991 kam ich.', 'Am 3. Mai 1991 kam ich.'],
  ['da', 'Den 3. maj', 'Den 3. maj'],
  ['de', 'Rufen Sie 030 123 456 an.', 'Rufen Sie 030 123 456 an.'],
] as const)(
  'in %s, “%s” takes no word for a unit, and no ordinal, year or number to call for a count',
  ([language, text, said]) => {
    expect(normalize(text, language)).toBe(said)
  },
)
