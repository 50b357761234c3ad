import { findWritten, replaceWritten, type Written } from './normalize.ts'
import { outsideSounds } from './sounds.ts'

/** How a word, or several, is to be said. */
export interface PronunciationRule {
  readonly phrase: string
  readonly replacement: string
  readonly caseSensitive: boolean
}

/**
 * Writes words as they are to be said: whole words only, the longest of what applies at a place, and nothing twice.
 *
 * @param rules of two for the same phrase the first applies.
 * @param normalizedAs the language in which numbers and abbreviations are written out, too, where no rule says how; `null`: they
 * are not.
 */
export function pronounce(
  text: string,
  rules: readonly PronunciationRule[],
  normalizedAs: string | null = null,
): string {
  if (rules.length === 0 && normalizedAs === null) return text
  const replacer = rules.length === 0 ? undefined : replacerOf(rules)
  return outsideSounds(text, (part) => {
    const ruled = replacer ? Array.from(part.matchAll(replacer.pattern), (match) => toWritten(match, replacer)) : []
    const written = normalizedAs === null ? [] : findWritten(part, normalizedAs)
    return replaceWritten(part, merge(ruled, written))
  })
}

const toWritten = ({ index, 0: said }: RegExpExecArray, { replace }: Replacer<PronunciationRule>): Written => ({
  start: index,
  end: index + said.length,
  text: replace(said),
})

/** Both in order; of two that meet, the one of a rule. */
function merge(ruled: readonly Written[], written: readonly Written[]): readonly Written[] {
  if (ruled.length === 0) return written
  const merged: Written[] = []
  let next = 0
  for (const rule of ruled) {
    for (let other = written[next]; other && other.start < rule.end; other = written[++next]) {
      if (other.end <= rule.start) merged.push(other)
    }
    merged.push(rule)
  }
  return [...merged, ...written.slice(next)]
}

/** The rules that change a text. */
export function rulesFor<Rule extends PronunciationRule>(text: string, rules: readonly Rule[]): Rule[] {
  if (rules.length === 0) return []
  const { pattern, find } = createReplacer(rules)
  const used = new Set<Rule | undefined>()
  outsideSounds(text, (part) => {
    for (const [said] of part.matchAll(pattern)) used.add(find(said))
    return part
  })
  return rules.filter((rule) => used.has(rule))
}

/** Of those that the segments of one text are spoken with. */
const replacers = new WeakMap<readonly PronunciationRule[], Replacer<PronunciationRule>>()

function replacerOf(rules: readonly PronunciationRule[]): Replacer<PronunciationRule> {
  const known = replacers.get(rules) ?? createReplacer(rules)
  replacers.set(rules, known)
  return known
}

type Replacer<Rule extends PronunciationRule> = ReturnType<typeof createReplacer<Rule>>

function createReplacer<Rule extends PronunciationRule>(rules: readonly Rule[]) {
  const exact = new Map<string, Rule>()
  const folded = new Map<string, Rule>()
  for (const rule of rules) {
    const [map, key] = rule.caseSensitive ? [exact, spaced(rule.phrase)] : [folded, fold(rule.phrase)]
    if (!map.has(key)) map.set(key, rule)
  }
  const find = (said: string) => exact.get(spaced(said)) ?? folded.get(fold(said))
  const phrases = rules
    .toSorted((a, b) => b.phrase.length - a.phrase.length || Number(b.caseSensitive) - Number(a.caseSensitive))
    .map(patternOf)
  return {
    find,
    pattern: new RegExp(`${inNoWord}(?:${phrases.join('|')})${inNoWord}`, 'gu'),
    replace: (said: string) => find(said)?.replacement ?? said,
  }
}

/** Any space is as good as another, as where a line is broken by hand. */
const spaced = (text: string) => text.replace(/\s+/gu, ' ')
const fold = (text: string) => spaced(text).toLowerCase()

const letter = String.raw`[\p{L}\p{M}\p{N}_]`
/** Between two letters is inside of a word. Once around all phrases: around each, 500 of them took a second to compile. */
const inNoWord = `(?<!${letter}(?=${letter}))`

function patternOf({ phrase, caseSensitive }: PronunciationRule): string {
  const words = phrase.split(/\s+/u).map((word) => word.replace(/[$()*+./?[\\\]^{|}]/g, String.raw`\$&`))
  const body = words.join(String.raw`\s+`)
  return caseSensitive ? body : `(?i:${body})`
}
