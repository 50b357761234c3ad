import { sayAmounts, sayCurrencies } from '../amounts.ts'

/** Letters that decomposition does not turn into ASCII. */
const letters: Record<string, string> = {
  ß: 'ss',
  ẞ: 'SS',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'Th',
  ł: 'l',
  Ł: 'L',
  ħ: 'h',
  Ħ: 'H',
  ı: 'i',
  ŋ: 'ng',
  Ŋ: 'NG',
  ĸ: 'k',
  ŧ: 't',
  Ŧ: 'T',
  ƒ: 'f',
}

const greek: Record<string, string> = {
  α: 'alpha',
  β: 'beta',
  γ: 'gamma',
  δ: 'delta',
  ε: 'epsilon',
  ζ: 'zeta',
  η: 'eta',
  θ: 'theta',
  ι: 'iota',
  κ: 'kappa',
  λ: 'lambda',
  μ: 'mu',
  ν: 'nu',
  ξ: 'xi',
  ο: 'omicron',
  π: 'pi',
  ρ: 'rho',
  σ: 'sigma',
  ς: 'sigma',
  τ: 'tau',
  υ: 'upsilon',
  φ: 'phi',
  χ: 'chi',
  ψ: 'psi',
  ω: 'omega',
}

/** Before decomposition, which would make "21/2" of "2½" and "m2" of "m²". */
const beforeFolding: readonly Replacement[] = [
  [/(?<=\d)(?=[¼-¾⅐-⅞])/gu, ' '],
  [/²/gu, ' squared '],
  [/³/gu, ' cubed '],
  [/[™®]/gu, ''],
  [/µ/gu, ' micro'],
  [/№/gu, ' number '],
]

/** Marks that Flite misreads, drops or spells, in words or in the ASCII it knows. */
const marks: readonly Replacement[] = [
  [/°\s?C\b/gu, ' degrees Celsius'],
  [/°\s?F\b/gu, ' degrees Fahrenheit'],
  [/°/gu, ' degrees '],
  [/[‘’‚‛′`´]/gu, "'"],
  [/[“”„‟″«»‹›]/gu, '"'],
  [/(?<=\d)\s?[‒–—]\s?(?=\d)/gu, '-'],
  [/(?<=\d\s?)−(?=\s?\d)/gu, ' minus '],
  [/\s*(?:[‒–—―]|--+)\s*/gu, ', '],
  [/[‐‑⁃−]/gu, '-'],
  [/⁄/gu, '/'],
  [/©/gu, ' copyright '],
  [/§/gu, ' section '],
  [/×|(?<=\d\s?)\*(?=\s?\d)/gu, ' times '],
  [/÷/gu, ' divided by '],
  [/±/gu, ' plus or minus '],
  [/[≈~](?=\s?\d)/gu, ' about '],
  [/≠/gu, ' is not equal to '],
  [/≤/gu, ' at most '],
  [/≥/gu, ' at least '],
  [/(?<=[\s\d])<(?=[\s\d])/gu, ' less than '],
  [/(?<=[\s\d])>(?=[\s\d])/gu, ' greater than '],
  [/→/gu, ' to '],
  [/=+/gu, ' equals '],
  [/\+/gu, ' plus '],
  [/&/gu, ' and '],
  [/@/gu, ' at '],
  [/%/gu, ' percent '],
  [/‰/gu, ' per mille '],
  [/(?<=\b[A-Z])#/gu, ' sharp '],
  [/#(?=\d)/gu, ' number '],
  [/#(?=[A-Za-z])/gu, ' hashtag '],
  [/\bhttps?:\/\//giu, ' '],
  [/(?<=[A-Za-z]{2})\.(?=[a-z]{2})/gu, ' dot '],
  // Flite says so itself, but where nobody sees it in the text: only between digits it reads fractions.
  [/\/+(?!\d)|(?<!\d)\/+/gu, ' slash '],
  [/(?<=\w)\^(?=\w)/gu, ' to the power of '],
  [/•|·/gu, ', '],
]

/** Words that Flite takes for the abbreviation of a state: "Dear Old Ma went" is not about Massachusetts. */
const words: readonly Replacement[] = [
  [
    /\b(?:HI|Hi|ME|Me|OR|Or|OH|OK|Ok|Ma|Pa|Al|Co|De|Il|Ill|La|Mo|Lou|Miss|Mass|Ore|Wash|Tex|Del|Cal|Ind|Penn)\b/gu,
    (word) => word.toLowerCase(),
  ],
  [/\bID\b/gu, 'I D'],
  [/\bMt\b\.?/gu, 'Mount'],
  // A street, unless it is a prayer: Flite hails all of them.
  [/\bAve\b(?! Maria)/gu, 'Avenue'],
  [/\bNo\.\s?(?=\d)/gu, 'number '],
]

/**
 * The text in printable ASCII, as Flite reads it best: accents folded, sums of money and signs in words, control
 * characters, emphasis marks and what it has no sound for taken out, spaces single. Empty when nothing can be spoken.
 */
export function speakable(text: string): string {
  let ascii = replaceAll(text.normalize('NFC').replace(/[\s\p{Cc}]+/gu, ' '), beforeFolding)
  ascii = ascii.normalize('NFKD').replace(/\p{M}|\p{Cf}/gu, '')
  ascii = ascii.replace(/\p{L}/gu, (letter) => letters[letter] ?? nameOfGreek(letter) ?? letter)
  ascii = sayAmounts(ascii)
  ascii = sayCurrencies(replaceAll(replaceAll(ascii, marks), words))
  ascii = ascii
    .replace(/[^\w.,;:!?'"()/ -]|_/gu, ' ')
    // A rule drawn with dashes or stops is not read, and runs of marks overflow what Flite reserves for them.
    .replace(/([^\w\s])\1{3,}/gu, '$1$1$1')
    .replace(/\s+/gu, ' ')
    .replace(/ (?=[.,;:!?]+(?:[ "')]|$))/gu, '')
    .trim()
  return /[A-Za-z0-9]/u.test(ascii) ? ascii : ''
}

type Replacement = readonly [RegExp, string | ((match: string) => string)]

/** Whether anything of a text has a sound. */
export function isSpeakable(text: string): boolean {
  return /[A-Za-z0-9]/u.test(text) || speakable(text) !== ''
}

function replaceAll(text: string, table: readonly Replacement[]): string {
  // Two branches, because String.replace has no overload for both.
  return table.reduce(
    (result, [pattern, by]) => (typeof by === 'string' ? result.replace(pattern, by) : result.replace(pattern, by)),
    text,
  )
}

function nameOfGreek(letter: string): string | undefined {
  const name = greek[letter.toLowerCase()]
  return name && ` ${name} `
}
