import type { NumberWords } from './number-words.ts'
import { after, before, type Surroundings } from './writers.ts'

const yearWord =
  /(?:^|[\s(])(?:in|since|by|from|until|till|before|after|during|circa|year|of|spring|summer|autumn|fall|winter|and|to|A\.?D\.?|early|late|mid|Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t|tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)[.,]?\s+$/iu
/** Of things that are counted there are several. */
const counts =
  /^\s+(?!(?:was|is|has|as|its|this|does|sees|saw|perhaps|always|towards)\b)(?:\p{Ll}{2,}s|people|men|women|children|feet|sheep|fish)(?!\p{L})/u

/** Whether four digits are a year: by what stands beside them, where that says so. */
export function isYear(digits: string, context?: Surroundings): boolean {
  if (!/^(?:1[0-9]|20)\d\d$/u.test(digits) || digits === '1000') return false
  if (!context || yearWord.test(before(context))) return true
  return !counts.test(after(context)) && !/[$£€#]\s?$/u.test(before(context))
}

/** `1891`: “eighteen ninety-one”. */
export function sayYear(digits: string, words: NumberWords): string {
  const [century, rest] = [digits.slice(0, 2), Number(digits.slice(2))]
  if (century === '20' && rest < 10) return words.cardinal(digits)
  if (century === '10' && rest < 10) return words.cardinal(digits)
  const hundreds = words.cardinal(century)
  if (rest === 0) return `${hundreds} hundred`
  return `${hundreds} ${rest < 10 ? 'oh ' : ''}${words.cardinal(String(rest))}`
}

/** `19` and `90`: “nineteen nineties”. @param century undefined: it is known. */
export function sayDecade(century: string | undefined, decade: string, words: NumberWords): string {
  if (decade === '00') {
    if (century === '20') return 'two thousands'
    return century === undefined ? 'two thousands' : `${words.cardinal(century)} hundreds`
  }
  const tens = `${words.cardinal(decade).replace(/y$/u, 'ie')}s`
  return century === undefined ? tens : `${words.cardinal(century)} ${tens}`
}
