import { sayYear } from './normalize-years.ts'
import { isBritish, type NumberWords } from './number-words.ts'
import { afterNumber, before, gap, type Surroundings, type Writer } from './writers.ts'

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const month = String.raw`(?<month>${months.join('|')}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)`
const year = String.raw`(?<year>(?:1\d|20)\d\d)`
const day = String.raw`(?<day>[12]\d|3[01]|0?[1-9])`

/** Dates with their months in words or, where it is certain which number is which, in digits. */
export function dateWriters(language: string, words: NumberWords): readonly Writer[] {
  const british = isBritish(language)
  const ordinal = (digits: string) => words.ordinal(String(Number(digits)))

  return [
    {
      pattern: new RegExp(`${year}-(?<month>0[1-9]|1[0-2])-${day}${afterNumber}`, 'uy'),
      write: ({ day = '', month = '', year = '' }, context) => inOrder(day, months[Number(month) - 1], year, context),
    },
    {
      pattern: new RegExp(String.raw`(?<first>[0-3]?\d)\/(?<second>[0-3]?\d)\/${year}${afterNumber}`, 'uy'),
      write({ first = '', second = '', year = '' }, context) {
        // As they are written where it is spoken so; a thirteenth month says that it was the other way round.
        const isDayFirst = Number(first) > 12 || (british && Number(second) <= 12)
        const [dayOf, monthOf] = isDayFirst ? [first, second] : [second, first]
        const name = months[Number(monthOf) - 1]
        return Number(dayOf) >= 1 && Number(dayOf) <= 31 ? inOrder(dayOf, name, year, context) : undefined
      },
    },
    {
      pattern: new RegExp(`${day}(?:st|nd|rd|th)?${gap}(?:of${gap})?${month}(?:,?${gap}${year})?${afterNumber}`, 'uy'),
      write: ({ day = '', month = '', year }, context) => dayFirst(day, full(month), year, context),
    },
    {
      pattern: new RegExp(
        `${month}${gap}(?:the${gap})?${day}(?:st|nd|rd|th)?(?<comma>,?)(?:${gap}?${year})?${afterNumber}`,
        'uy',
      ),
      write({ month = '', day = '', comma = '', year }, { text, start, end }) {
        const said = `${full(month)} ${ordinal(day)}`
        // What follows may be anything but a year, and its comma stays.
        if (year !== undefined)
          return /\s$/u.test(text.slice(start, end - 4)) || comma ? `${said}, ${sayYear(year, words)}` : undefined
        return said + comma
      },
    },
  ]

  function inOrder(day: string, name: string | undefined, year: string, context: Surroundings): string | undefined {
    if (name === undefined) return undefined
    return british ? dayFirst(day, name, year, context) : `${name} ${ordinal(day)}, ${sayYear(year, words)}`
  }

  function dayFirst(day: string, name: string, year: string | undefined, context: Surroundings): string {
    const the = /(?:^|[^\p{L}])the\s+$/iu.test(before(context)) ? '' : 'the '
    return `${the}${ordinal(day)} of ${name}${year === undefined ? '' : `, ${sayYear(year, words)}`}`
  }
}

const full = (month: string): string => months.find((name) => name.startsWith(month.slice(0, 3))) ?? month
