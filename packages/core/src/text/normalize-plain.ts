import { grouped, mostDigits, type NumberWords } from './number-words.ts'
import { currencyOf, currencyPattern, primaryOf, sayCurrency, sayUnit, unitOf, unitPattern } from './quantities.ts'
import { afterNumber, type Writer } from './writers.ts'

/** Endings that make a number an ordinal; a language that has none here has its ordinals left to the engine. */
const ordinalEndings: Readonly<Record<string, string>> = {
  fr: 'er|re|e|ème|eme|nde|nd',
  es: 'º|ª|\\.º|\\.ª',
  it: 'º|ª',
  pt: 'º|ª|\\.º|\\.ª',
  nl: 'e|ste|de',
}

/** Languages that write an ordinal as a number with a full stop, as “3. Mai”: such a number is left to the engine. */
const ordinalsByStop = new Set('cs da de et fi hr hu is lv nb nn no pl sk sl sr tr'.split(' '))
/** Languages that count the hundreds of a year, as “neunzehnhundert”: what may be one is left to the engine. */
const yearsByHundreds = new Set('da de nb nl nn no sv'.split(' '))

/** What any language of the library has written out: whole numbers, decimals, percent, common units and currencies, and ordinals where they show. */
export function plainWriters(language: string, words: NumberWords): readonly Writer[] {
  const parts = new Intl.NumberFormat(language).formatToParts(1_234_567.5)
  const sign = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  const [group, decimal] = [groupPattern(sign('group')), sign('decimal') === '.' ? String.raw`\.` : sign('decimal')]
  const number = String.raw`(?<number>\d{1,3}${grouped(group)}(?:${decimal}\d+)?|\d+(?:${decimal}\d+)?)`
  const read = (written: string | undefined): string | undefined => {
    const [whole = '', fraction] = (written ?? '').split(new RegExp(decimal, 'u'), 2)
    const digits = whole.replace(/\D/gu, '')
    if (digits.length + (fraction?.length ?? 0) > mostDigits) return undefined
    if (digits.length > 1 && digits.startsWith('0')) return undefined
    if (whole.length === digits.length && digits.length > 6 && !digits.endsWith('000')) return undefined
    return fraction === undefined ? digits : `${digits}.${fraction}`
  }
  const primary = primaryOf(language)
  const endings = ordinalEndings[primary]
  const stop = ordinalsByStop.has(primary) ? String.raw`(?!\.\s+\p{L})` : ''
  const isYear = (written: string | undefined) => yearsByHundreds.has(primary) && /^1[1-9]\d\d$/u.test(written ?? '')
  const writers: Writer[] = [
    // Numbers to call are stepped over as a whole.
    {
      pattern: /(?:0\d+|\+\d+)(?:[ \u00A0/-]\d{2,})+/uy,
      write: (_groups, { text, start, end }) => text.slice(start, end),
    },
    {
      pattern: new RegExp(currencyPattern + String.raw`[ \u00A0\u202F]?` + number + afterNumber, 'uy'),
      write: ({ currency = '', number: written }) => money(read(written), currency),
    },
    {
      pattern: new RegExp(number + String.raw`[ \u00A0\u202F]?` + currencyPattern + afterNumber, 'uy'),
      write: ({ currency = '', number: written }) => money(read(written), currency),
    },
    {
      pattern: new RegExp(`(?<minus>[-−]?)${number}${unitPattern}${afterNumber}`, 'uy'),
      write({ minus, number: written, gap = '', unit: symbol = '' }) {
        const [value, unit] = [read(written), unitOf(symbol, gap, language)]
        return value && unit && sayUnit(minus ? `-${value}` : value, unit, language, words)
      },
    },
    {
      pattern: new RegExp(`(?<minus>[-−]?)${number}${afterNumber}${stop}`, 'uy'),
      write({ minus, number: written }) {
        const value = isYear(written) ? undefined : read(written)
        return value && words.cardinal(minus ? `-${value}` : value)
      },
    },
  ]
  if (endings !== undefined) {
    writers.unshift({
      pattern: new RegExp(String.raw`(?<number>[1-9]\d{0,5})(?:${endings})` + afterNumber, 'uy'),
      write: ({ number: written = '' }) => words.ordinal(written),
    })
  }
  return writers

  function money(value: string | undefined, symbol: string): string | undefined {
    const currency = currencyOf(symbol)
    return value && currency && sayCurrency(value, currency, language, words)
  }
}

/** Spaces of any width where a language groups by one. */
function groupPattern(group: string): string {
  if (/^\s$/u.test(group)) return String.raw`[ \u00A0\u2009\u202F]`
  return `[${group === '’' ? "’'" : group || ','}]`
}
