import type { NumberWords } from './number-words.ts'

/** Of symbols: what `Intl` calls the unit. Those that are words of most languages, as “in”, are left out. */
const units: Readonly<Record<string, string>> = {
  '%': 'percent',
  km: 'kilometer',
  m: 'meter',
  cm: 'centimeter',
  mm: 'millimeter',
  mi: 'mile',
  ft: 'foot',
  yd: 'yard',
  kg: 'kilogram',
  g: 'gram',
  lb: 'pound',
  lbs: 'pound',
  oz: 'ounce',
  l: 'liter',
  L: 'liter',
  ml: 'milliliter',
  mL: 'milliliter',
  ha: 'hectare',
  h: 'hour',
  hr: 'hour',
  hrs: 'hour',
  min: 'minute',
  mins: 'minute',
  s: 'second',
  sec: 'second',
  secs: 'second',
  ms: 'millisecond',
  kB: 'kilobyte',
  KB: 'kilobyte',
  MB: 'megabyte',
  GB: 'gigabyte',
  TB: 'terabyte',
  '°C': 'celsius',
  '°F': 'fahrenheit',
  '°': 'degree',
  'km/h': 'kilometer-per-hour',
  kph: 'kilometer-per-hour',
  mph: 'mile-per-hour',
  'm/s': 'meter-per-second',
  mpg: 'mile-per-gallon',
}

/** Those that stand right after a number for something else, as in “$5m” or “the 90s”. */
const onlyApart = new Set(['m', 's', 'g', 'h', 'l', 'L'])

const currencies: Readonly<Record<string, string>> = {
  $: 'USD',
  US$: 'USD',
  C$: 'CAD',
  CA$: 'CAD',
  A$: 'AUD',
  AU$: 'AUD',
  NZ$: 'NZD',
  HK$: 'HKD',
  R$: 'BRL',
  '£': 'GBP',
  '€': 'EUR',
  '¥': 'JPY',
  '₹': 'INR',
  '₩': 'KRW',
  '₽': 'RUB',
  '₺': 'TRY',
  '₴': 'UAH',
  '₪': 'ILS',
  '₫': 'VND',
  zł: 'PLN',
  USD: 'USD',
  CAD: 'CAD',
  AUD: 'AUD',
  GBP: 'GBP',
  EUR: 'EUR',
  CHF: 'CHF',
  JPY: 'JPY',
  CNY: 'CNY',
  INR: 'INR',
  PLN: 'PLN',
  SEK: 'SEK',
  NOK: 'NOK',
  DKK: 'DKK',
}

const escaped = (symbols: readonly string[]) =>
  symbols
    .toSorted((a, b) => b.length - a.length)
    .map((symbol) => symbol.replace(/[$/]/gu, String.raw`\$&`))
    .join('|')

/** A unit after its number, with the space before it, and no elided article (“l’”): for what matches, see {@link unitOf}. */
export const unitPattern = String.raw`(?<gap>[ \u00A0\u202F]?)(?<unit>${escaped(Object.keys(units))})(?!['’]\p{L})`
/** A currency, before its number or after it. */
export const currencyPattern = `(?<currency>${escaped(Object.keys(currencies))})`

/** Symbols that are words of a language, and stand behind numbers as such. */
const alsoWords: Readonly<Record<string, readonly string[]>> = {
  ...{ es: ['ha', 'mi'], it: ['ha', 'mi'] },
  ...{ da: ['min'], nb: ['min'], nn: ['min'], no: ['min'], sv: ['min'] },
}

/** What a symbol stands for after a number, in `Intl`’s words. @param language BCP 47 */
export function unitOf(symbol: string, gap: string, language: string): string | undefined {
  if (gap !== '' && alsoWords[primaryOf(language)]?.includes(symbol)) return undefined
  return gap === '' && onlyApart.has(symbol) ? undefined : units[symbol]
}

/** The language itself, without region or script. */
export const primaryOf = (language: string): string => language.toLowerCase().split('-', 1)[0] ?? ''

/** ISO 4217. */
export const currencyOf = (symbol: string): string | undefined => currencies[symbol]

/** `3.5` and `kilogram`: “three point five kilograms”, in the order and the number that the language has for it. */
export function sayUnit(value: string, unit: string, language: string, words: NumberWords): string {
  return say(value, language, words, { style: 'unit', unit, unitDisplay: 'long' })
}

/** `5` and `EUR`: “five euros”. */
export function sayCurrency(value: string, currency: string, language: string, words: NumberWords): string {
  return say(value, language, words, { style: 'currency', currency, currencyDisplay: 'name' })
}

const ofNumber = new Set(['minusSign', 'integer', 'group', 'decimal', 'fraction'])
const formats = new Map<string, Intl.NumberFormat>()

function say(value: string, language: string, words: NumberWords, options: Intl.NumberFormatOptions): string {
  const digits = value.split('.', 2)[1]?.length ?? 0
  const key = JSON.stringify([language, options, digits])
  let format = formats.get(key)
  if (!format) {
    format = new Intl.NumberFormat(language, {
      ...options,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
    formats.set(key, format)
  }
  // The format says what stands around a number, and in which form; the number is put in its own place.
  let isSaid = false
  let said = ''
  for (const { type, value: part } of format.formatToParts(value as Intl.StringNumericLiteral)) {
    if (!ofNumber.has(type)) said += part
    else if (!isSaid) said += words.cardinal(value)
    isSaid ||= ofNumber.has(type)
  }
  return said.replace(/\s+/gu, ' ')
}
