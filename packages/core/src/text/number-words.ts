import * as am from 'n2words/am-ET'
import * as ar from 'n2words/ar-SA'
import * as az from 'n2words/az-AZ'
import * as bn from 'n2words/bn-BD'
import * as cs from 'n2words/cs-CZ'
import * as da from 'n2words/da-DK'
import * as de from 'n2words/de-DE'
import * as el from 'n2words/el-GR'
import * as gb from 'n2words/en-GB'
import * as en from 'n2words/en-US'
import * as es from 'n2words/es-ES'
import * as fa from 'n2words/fa-IR'
import * as fi from 'n2words/fi-FI'
import * as fil from 'n2words/fil-PH'
import * as fr from 'n2words/fr-FR'
import * as gu from 'n2words/gu-IN'
import * as ha from 'n2words/ha-NG'
import * as he from 'n2words/he-IL'
import * as hi from 'n2words/hi-IN'
import * as hr from 'n2words/hr-HR'
import * as hu from 'n2words/hu-HU'
import * as id from 'n2words/id-ID'
import * as it from 'n2words/it-IT'
import * as ja from 'n2words/ja-JP'
import * as ka from 'n2words/ka-GE'
import * as kn from 'n2words/kn-IN'
import * as ko from 'n2words/ko-KR'
import * as lt from 'n2words/lt-LT'
import * as lv from 'n2words/lv-LV'
import * as mr from 'n2words/mr-IN'
import * as ms from 'n2words/ms-MY'
import * as nb from 'n2words/nb-NO'
import * as nl from 'n2words/nl-NL'
import * as pa from 'n2words/pa-IN'
import * as pl from 'n2words/pl-PL'
import * as pt from 'n2words/pt-PT'
import * as ro from 'n2words/ro-RO'
import * as ru from 'n2words/ru-RU'
import * as sr from 'n2words/sr-Cyrl-RS'
import * as sv from 'n2words/sv-SE'
import * as sw from 'n2words/sw-KE'
import * as ta from 'n2words/ta-IN'
import * as te from 'n2words/te-IN'
import * as th from 'n2words/th-TH'
import * as tr from 'n2words/tr-TR'
import * as uk from 'n2words/uk-UA'
import * as ur from 'n2words/ur-PK'
import * as vi from 'n2words/vi-VN'
import * as yo from 'n2words/yo-NG'
import * as zh from 'n2words/zh-Hans-CN'
import { primary } from '../voices/language.ts'

/** How a language says numbers. What goes in is a number as JavaScript writes it, of at most {@link mostDigits} digits. */
export interface NumberWords {
  /** `21`, `-3.05` */
  cardinal(value: string): string
  /** Of a whole number from 1: `21`, which is “twenty-first”. */
  ordinal(value: string): string
}

/** What has more digits is no number that anybody says. */
export const mostDigits = 15

/**
 * The groups behind the first of a number, as a pattern: of more digits than there are words for nothing is taken, or each group
 * of a long row would look through all the others.
 */
export const grouped = (separator: string): string =>
  String.raw`(?:${separator}\d{3}){1,${(mostDigits - 3) / 3}}(?!${separator}\d{3})`

type Library = { readonly toCardinal: (value: string) => string; readonly toOrdinal: (value: string) => string }

// Imported by name, so that what bundles or checks them sees them: all together take some 70 ms to load.
const libraries: Readonly<Record<string, Library>> = {
  am,
  ar,
  az,
  bn,
  cs,
  da,
  de,
  el,
  es,
  fa,
  fi,
  fil,
  fr,
  gu,
  ha,
  he,
  hi,
  hr,
  hu,
  id,
  it,
  ja,
  ka,
  kn,
  ko,
  lt,
  lv,
  mr,
  ms,
  nb,
  nl,
  pa,
  pl,
  pt,
  ro,
  ru,
  sr,
  sv,
  sw,
  ta,
  te,
  th,
  tr,
  uk,
  ur,
  vi,
  yo,
  zh: {
    ...zh,
    toCardinal: (value) => zh.toCardinal(value, { formal: false }),
    toOrdinal: (value) => zh.toOrdinal(value, { formal: false }),
  },
}

/** What else some languages are called. */
const aliases: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb', tl: 'fil', iw: 'he', in: 'id', cmn: 'zh' }

/** @param language BCP 47. @returns undefined where there are no words for its numbers. */
export function numberWordsOf(language: string): NumberWords | undefined {
  const code = aliases[primary(language)] ?? primary(language)
  if (code === 'en') return englishWords(language)
  const library = libraries[code]
  return library && { cardinal: library.toCardinal, ordinal: library.toOrdinal }
}

/** As it is said in America, and “and” before the last two digits where English is spoken as in Britain. */
function englishWords(language: string): NumberWords {
  const and = isBritish(language)
  return {
    cardinal(value) {
      const [whole = '0', fraction] = value.split('.', 2)
      const words = en.toCardinal(whole, { and })
      if (fraction === undefined) return words
      // One after the other: 3.14 is no “fourteen”.
      return `${words} point ${digitsOf(fraction)}`
    },
    ordinal: (value) => (and ? gb.toOrdinal(value) : en.toOrdinal(value)),
  }
}

/** “zero five” of `05`. */
export const digitsOf = (digits: string): string => Array.from(digits, (digit) => en.toCardinal(digit)).join(' ')

/** Whether it is the English of Britain and of most of the world, and not that of America. */
export const isBritish = (language: string): boolean => /^en-(?!us\b|ca\b|ph\b)/iu.test(language)
