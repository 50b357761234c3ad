import { inFull } from './abbreviations.ts'

/** What decides how long speech takes, counted. */
export interface Sounds {
  /** Words that are read as words, and the letters in them; abbreviations are counted as they are read in full. */
  words: number
  vowels: number
  /** An X counts twice. */
  consonants: number
  /** Letters that are read one by one, as in HTTP; a W counts twice. */
  spelled: number
  digits: number
  /** Tokens that end in a comma or its like. */
  commas: number
  /** Tokens that end in a full stop or its like. */
  stops: number
}

/** @param spoken what `speakable` made of a text. */
export function countSounds(spoken: string): Sounds {
  const sounds: Sounds = { words: 0, vowels: 0, consonants: 0, spelled: 0, digits: 0, commas: 0, stops: 0 }
  for (const token of spoken.split(' ')) {
    countToken(token, sounds)
    const marks = token.slice(wordEnd(token))
    if (/[.:?!]/u.test(marks)) sounds.stops++
    else if (/[,;()"]/u.test(marks)) sounds.commas++
  }
  return sounds
}

/** Where the marks begin that follow a word. A regular expression would look for them from every mark inside it. */
function wordEnd(token: string): number {
  let end = token.length
  while (end > 0 && !/\w/u.test(token.charAt(end - 1))) end--
  return end
}

const parts = /[a-z]+(?:'[a-z]+)*|\d+/giu
/** Flite splits these off before it looks at the word. */
const suffix = /'(?:s|ll|ve|d)$/iu

function countToken(token: string, sounds: Sounds): void {
  const withDigits = /\d/u.test(token)
  for (const [part] of token.matchAll(parts)) {
    const full = inFull(part)
    if (full !== undefined) for (const word of full.split(' ')) countWord(word, sounds)
    else if (/\d/u.test(part)) sounds.digits += part.length
    else if (withDigits || isSpelled(part.replace(suffix, ''))) sounds.spelled += part.length + count(part, /w/giu)
    else countWord(part, sounds)
  }
}

function countWord(word: string, sounds: Sounds): void {
  sounds.words++
  sounds.vowels += count(word, /[aeiouy]/giu)
  sounds.consonants += count(word, /[b-df-hj-np-tv-xz]/giu) + count(word, /x/giu)
}

const roman = /^[IVX]{2,}$/u
/** Consonants that Flite accepts before the first vowel of a word, and after the last. */
const onset =
  's[ck]?[lr]|sch|sh[lr]|s[cfhjkmnpqtvwz]|sp[lr]|str|[bcfgkp]l|[bcdfgkptw]r|[cgkprtw]h|[dgt]w|[gkp]n|ps|thr|chr|ts|[b-df-hj-np-tv-xz]'
const coda =
  '[cgpst]h|[rnt]ch|[cnrsw]k|[lmrs]?[mp]|[lr]?[klf]|n?ct|[cflnprsx]?t|[lnrw]?d|bt|ff|ll|gg|rr|ss|zz|[mr]b|ng|[gmrw]n|ght|[lnr]th|mpt|nst|rst|rl|rld|wl|hn|x|[b-df-hj-np-tv-xz]'
const plurals =
  '[cgpt]h|[rnt]ch|[cnrsw]k|[lmr]?[mp]|[lr]?[kl]|[cflnpr]t|[lnrw]?d|ff|ll|gg|rr|[mr]b|ng|[grw]n|ght|[lr]th|mpt|[bcdfgklmnprtvw]'
const sayable = new RegExp(`^(?:${onset})?[aeiouy](?:[a-z]*[aeiouy])?(?:${coda}|(?:${plurals})s)?$`, 'iu')
const negation = /^(?:could|did|does|had|has|have|is|must|need|should|was|were|would)n't$/iu

/** Whether Flite may read a word letter by letter: it does so when it has no syllable it knows how to begin or end. */
function isSpelled(word: string): boolean {
  if (word.length === 1) return !/[aio]/iu.test(word)
  return roman.test(word) || !(negation.test(word) || sayable.test(word.replaceAll("'", '')))
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
