import { abbreviationWriters } from './normalize-abbreviations.ts'
import { dateWriters } from './normalize-dates.ts'
import { isYear, sayDecade, sayYear } from './normalize-years.ts'
import { digitsOf, grouped, mostDigits, type NumberWords } from './number-words.ts'
import { currencyOf, currencyPattern, sayCurrency, sayUnit, unitOf, unitPattern } from './quantities.ts'
import { after, afterNumber, gap, type Writer } from './writers.ts'

const number = String.raw`(?<number>\d{1,3}${grouped(String.raw`[,\u00A0\u2009\u202F]`)}(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)`
const magnitudes: Readonly<Record<string, string>> = {
  thousand: 'thousand',
  million: 'million',
  billion: 'billion',
  trillion: 'trillion',
  k: 'thousand',
  K: 'thousand',
  m: 'million',
  M: 'million',
  mn: 'million',
  bn: 'billion',
  B: 'billion',
  tn: 'trillion',
  T: 'trillion',
}
const ofMoney = String.raw`(?:${gap}?(?<magnitude>thousand|million|billion|trillion|[mbt]n|[kKmMBT])(?!\p{L}))?`

/** Money whose sign says what it is called, in one and in several, and its hundredths. */
const coins: Readonly<Record<string, readonly [one: string, several: string, cent: string, cents: string]>> = {
  $: ['dollar', 'dollars', 'cent', 'cents'],
  '£': ['pound', 'pounds', 'penny', 'pence'],
  '€': ['euro', 'euros', 'cent', 'cents'],
  '₹': ['rupee', 'rupees', 'paisa', 'paise'],
}

/** What `Intl` has no long name for. */
const otherUnits: Readonly<Record<string, readonly [one: string, several: string]>> = {
  Hz: ['hertz', 'hertz'],
  kHz: ['kilohertz', 'kilohertz'],
  MHz: ['megahertz', 'megahertz'],
  GHz: ['gigahertz', 'gigahertz'],
  W: ['watt', 'watts'],
  kW: ['kilowatt', 'kilowatts'],
  MW: ['megawatt', 'megawatts'],
  kWh: ['kilowatt hour', 'kilowatt hours'],
  mg: ['milligram', 'milligrams'],
  dB: ['decibel', 'decibels'],
  'm²': ['square meter', 'square meters'],
  'km²': ['square kilometer', 'square kilometers'],
  'm³': ['cubic meter', 'cubic meters'],
  bps: ['bit per second', 'bits per second'],
}

const fractions: Readonly<Record<string, readonly [one: string, several: string]>> = {
  2: ['half', 'halves'],
  3: ['third', 'thirds'],
  4: ['quarter', 'quarters'],
  5: ['fifth', 'fifths'],
  8: ['eighth', 'eighths'],
  10: ['tenth', 'tenths'],
}
const vulgar: Readonly<Record<string, readonly [over: number, under: number]>> = {
  '½': [1, 2],
  '⅓': [1, 3],
  '⅔': [2, 3],
  '¼': [1, 4],
  '¾': [3, 4],
  '⅕': [1, 5],
  '⅛': [1, 8],
  '⅜': [3, 8],
  '⅝': [5, 8],
  '⅞': [7, 8],
}

/** All that is written out in English, what says most first. */
export function englishWriters(language: string, words: NumberWords): readonly Writer[] {
  const rule = (pattern: string, write: Writer['write']): Writer => ({ pattern: new RegExp(pattern, 'uy'), write })

  return [
    // A number to call.
    rule(
      String.raw`(?:\+\d[\d ().-]{4,20}\d|\(\d{3,5}\)${gap}?\d{3,4}(?:[ -]\d{3,4})?|0\d{1,4}(?:[ -]\d{2,4}){2,4}|\d{3}-\d{3,4}(?:-\d{4})?)(?!\p{N})`,
      (_, { text, start, end }) => text.slice(start, end),
    ),
    ...dateWriters(language, words),
    rule(
      String.raw`(?:(?<whole>\d{1,4})${gap})?(?<over>\d{1,2})\/(?<under>2|3|4|5|8|10)${afterNumber}`,
      ({ whole, over = '', under = '' }) =>
        Number(over) > 0 && Number(over) < Number(under) ? sayMixed(whole, Number(over), Number(under)) : undefined,
    ),
    rule(
      String.raw`(?<whole>\d{0,4})(?<sign>[${Object.keys(vulgar).join('')}])${afterNumber}`,
      ({ whole, sign = '' }) => {
        const [over, under] = vulgar[sign] ?? [1, 2]
        return sayMixed(whole, over, under)
      },
    ),
    rule(
      String.raw`(?<hour>[01]?\d|2[0-4])[:.](?<minute>[0-5]\d)(?::(?<second>[0-5]\d))?${gap}?(?<half>[ap]\.?m\b\.?|[AP]\.?M\b\.?)?${afterNumber}`,
      ({ hour = '', minute = '', second, half }, { text, start }) =>
        // Without a half of the day, a full stop makes it a decimal.
        half === undefined && text.slice(start, start + hour.length + 1).endsWith('.')
          ? undefined
          : sayTime(hour, minute, second, half),
    ),
    rule(String.raw`(?<hour>1[0-2]|[1-9])${gap}?(?<half>[ap]\.?m\b\.?|[AP]\.?M\b\.?)(?!\p{L})`, ({ hour = '', half }) =>
      sayTime(hour, '00', undefined, half),
    ),
    rule(
      String.raw`(?<minus>[-−]?)${currencyPattern}${gap}?${number}(?:[–-](?<to>\d+(?:,\d{3})*(?:\.\d+)?))?${ofMoney}${afterNumber}`,
      ({ minus, currency = '', number: written, to, magnitude }) => {
        const [from, until] = [read(written), to === undefined ? undefined : read(to)]
        if (from === undefined || (to !== undefined && until === undefined)) return undefined
        const sign = minus ? 'minus ' : ''
        if (until !== undefined) return `${sign}${words.cardinal(from)} to ${money(until, currency, magnitude)}`
        return `${sign}${money(from, currency, magnitude)}`
      },
    ),
    rule(
      `${number}(?:${gap}(?<magnitude>thousand|million|billion|trillion))?${gap}?${currencyPattern}${afterNumber}`,
      ({ number: written, magnitude, currency = '' }) => {
        const value = read(written)
        return value && money(value, currency, magnitude)
      },
    ),
    rule(String.raw`(?<number>[1-9]\d?)(?<unit>p|¢)${afterNumber}`, ({ number: written = '', unit }) =>
      counted(written, unit === 'p' ? ['penny', 'pence'] : ['cent', 'cents']),
    ),
    rule(String.raw`(?:['’]|(?<century>1\d|20))?(?<decade>\d0)['’]?s${afterNumber}`, ({ century, decade }) =>
      sayDecade(century, decade ?? '', words),
    ),
    rule(String.raw`${number}(?:st|nd|rd|th)(?!\p{L})${afterNumber}`, ({ number: written }) => {
      const value = read(written)
      return value === undefined || value.includes('.') || Number(value) === 0 ? undefined : words.ordinal(value)
    }),
    // Of a range what is before its dash; what is after it is written out as it is found.
    rule(
      String.raw`(?<number>(?!0\d)\d{1,6}(?:\.\d+)?|\d{1,3}(?:,\d{3})+)(?<dash>${gap}?–${gap}?|-)(?=(?<to>(?!0\d)\d{1,6})(?![\d]*[-–/:]\p{N})(?!\d|\.\d+\.))`,
      ({ number: written = '', to = '', dash }) => {
        if (dash === '-' && written.length === 3 && to.length === 4) return undefined
        const value = read(written)
        return value && `${isYear(written) && to.length !== 3 ? sayYear(written, words) : words.cardinal(value)} to `
      },
    ),
    rule(
      `(?<minus>[-−]?)${number}${unitPattern}${afterNumber}`,
      ({ minus, number: written, gap: apart = '', unit: symbol = '' }) => {
        const [value, unit] = [read(written), unitOf(symbol, apart, language)]
        return value && unit && sayUnit(minus ? `-${value}` : value, unit, language, words)
      },
    ),
    rule(
      `${number}${gap}?(?<unit>${Object.keys(otherUnits)
        .toSorted((a, b) => b.length - a.length)
        .join('|')})${afterNumber}`,
      ({ number: written, unit = '' }) => {
        const [value, names] = [read(written), otherUnits[unit]]
        return value && names && counted(value, names)
      },
    ),
    rule(
      String.raw`${number}${gap}?(?<magnitude>[bt]n)(?!\p{L})${afterNumber}`,
      ({ number: written, magnitude = '' }) => {
        const value = read(written)
        return value && `${words.cardinal(value)} ${magnitudes[magnitude]}`
      },
    ),
    rule(String.raw`(?<year>\d{4})${afterNumber}`, ({ year = '' }, context) =>
      isYear(year, context) ? sayYear(year, words) : undefined,
    ),
    rule(`(?<minus>[-−]?)${number}${afterNumber}`, ({ minus, number: written = '' }, context) => {
      if (/^0\d{1,5}$/u.test(written)) return minus ? undefined : digitsOf(written)
      const value = read(written)
      // Told apart by spaces, “020 7946” may be two numbers, and a long row of digits is read by nobody.
      if (value === undefined || /^[ \u00A0]\d{3}[ \u00A0]\d{3}/u.test(after(context))) return undefined
      return words.cardinal(minus ? `-${value}` : value)
    }),
    ...abbreviationWriters(),
  ]

  function money(value: string, symbol: string, magnitude: string | undefined): string | undefined {
    const names = coins[symbol]
    const currency = currencyOf(symbol)
    if (magnitude !== undefined) {
      const amount = `${words.cardinal(value)} ${magnitudes[magnitude]}`
      if (names) return `${amount} ${names[1]}`
      return currency && sayCurrency('1000000', currency, language, { ...words, cardinal: () => amount })
    }
    if (!names) return currency && sayCurrency(value, currency, language, words)
    const [whole = '0', cents] = value.split('.', 2)
    if (cents?.length !== 2) return counted(value, [names[0], names[1]])
    const dollars = counted(whole, [names[0], names[1]])
    if (cents === '00') return dollars
    const rest = counted(String(Number(cents)), [names[2], names[3]])
    return whole === '0' ? rest : `${dollars} and ${rest}`
  }

  function counted(value: string, [one, several]: readonly [one: string, several: string]): string {
    return `${words.cardinal(value)} ${value === '1' ? one : several}`
  }

  function sayMixed(whole: string | undefined, over: number, under: number): string {
    if (!whole) return sayFraction(over, under)
    const part = over === 1 ? `${under === 8 ? 'an' : 'a'} ${fractions[under]?.[0]}` : sayFraction(over, under)
    return `${words.cardinal(String(Number(whole)))} and ${part}`
  }

  function sayFraction(over: number, under: number): string {
    const [one, several] = fractions[under] ?? ['', '']
    return over === 1 ? `one ${one}` : `${words.cardinal(String(over))} ${several}`
  }

  function sayTime(
    hour: string,
    minute: string,
    second: string | undefined,
    half: string | undefined,
  ): string | undefined {
    const [h, m] = [Number(hour), Number(minute)]
    if (h === 24 && m > 0) return undefined
    const hours = words.cardinal(String(h))
    const ofDay = half === undefined ? '' : ` ${half.charAt(0).toLowerCase()}.m.`
    if (second !== undefined) {
      return `${hours} ${m === 0 ? "o'clock" : sayMinutes(m)} and ${counted(String(Number(second)), ['second', 'seconds'])}${ofDay}`
    }
    if (m > 0) return `${hours} ${sayMinutes(m)}${ofDay}`
    if (half !== undefined) return `${hours}${ofDay}`
    return h >= 1 && h <= 12 && !hour.startsWith('0') ? `${hours} o'clock` : `${hours} hundred`
  }

  function sayMinutes(minute: number): string {
    return `${minute < 10 ? 'oh ' : ''}${words.cardinal(String(minute))}`
  }
}

/** A number as it is written in English, as JavaScript writes it; undefined for what nobody reads as one. */
function read(written: string | undefined): string | undefined {
  if (written === undefined) return undefined
  const [whole = '', fraction] = written.split('.', 2)
  const digits = whole.replace(/\D/gu, '')
  if (digits.length + (fraction?.length ?? 0) > mostDigits) return undefined
  if (digits.length > 1 && digits.startsWith('0')) return undefined
  if (whole === digits && digits.length > 6 && !digits.endsWith('000')) return undefined
  return fraction === undefined ? digits : `${digits || '0'}.${fraction}`
}
