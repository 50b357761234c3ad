import { after, before, gap, letter, type Writer } from './writers.ts'

/** Before a name. */
const titles: Readonly<Record<string, string>> = {
  Mr: 'Mister',
  Mrs: 'Missus',
  Ms: 'Miz',
  Dr: 'Doctor',
  Prof: 'Professor',
  Rev: 'Reverend',
  Hon: 'Honorable',
  Gen: 'General',
  Col: 'Colonel',
  Maj: 'Major',
  Capt: 'Captain',
  Lt: 'Lieutenant',
  Sgt: 'Sergeant',
  Gov: 'Governor',
  Sen: 'Senator',
  Rep: 'Representative',
  Mt: 'Mount',
  Ft: 'Fort',
}

/** Before a number. */
const labels: Readonly<Record<string, string>> = {
  No: 'number',
  Nos: 'numbers',
  p: 'page',
  pp: 'pages',
  Vol: 'volume',
  vol: 'volume',
  Ch: 'chapter',
  ch: 'chapter',
  Fig: 'figure',
  fig: 'figure',
  ca: 'circa',
  c: 'circa',
}

/** Anywhere, in one case. */
const words: Readonly<Record<string, string>> = {
  'e.g.': 'for example',
  'i.e.': 'that is',
  'etc.': 'et cetera',
  'vs.': 'versus',
  'approx.': 'approximately',
  'Jr.': 'Junior',
  'Sr.': 'Senior',
  'Inc.': 'Incorporated',
  'Ltd.': 'Limited',
  'Corp.': 'Corporation',
  'Bros.': 'Brothers',
  'Ave.': 'Avenue',
  'Blvd.': 'Boulevard',
  'Rd.': 'Road',
  'dept.': 'department',
  'Dept.': 'Department',
}

/** A full stop that was the sentence's, too. */
const endsSentence = /^["'”’)\]]*(?:\s*$|\s+["'“‘(]*\p{Lu}|\s*\n\s*\n)/u
const dotted = (names: readonly string[]) => names.toSorted((a, b) => b.length - a.length).join('|')

/** What abbreviations become is no street's name: it was none before, either. */
const saidWords = new Set(['Saint', 'Street', ...Object.values(titles), ...Object.values(words)])

/** Abbreviations that are usual, where they can be nothing else. */
export function abbreviationWriters(): readonly Writer[] {
  return [
    {
      pattern: new RegExp(String.raw`(?<title>${dotted(Object.keys(titles))})\.(?=${gap}+\p{Lu})`, 'uy'),
      write: ({ title = '' }) => titles[title],
    },
    {
      pattern: new RegExp(String.raw`(?<label>${dotted(Object.keys(labels))})\.${gap}?(?=\d)`, 'uy'),
      write: ({ label = '' }) => `${labels[label]} `,
    },
    {
      pattern: new RegExp(String.raw`St\.(?!${letter})`, 'uy'),
      write(_groups, context) {
        const [, name] = /(\p{Lu}\p{Ll}+|\dth)\s+$/u.exec(before(context)) ?? []
        const isNamed = name !== undefined && !saidWords.has(name)
        const names = /^\s+\p{Lu}/u.test(after(context))
        if (isNamed === names) return undefined
        return isNamed ? `Street${endsSentence.test(after(context)) ? '.' : ''}` : 'Saint'
      },
    },
    {
      pattern: new RegExp(`(?<word>${dotted(Object.keys(words)).replace(/\./gu, String.raw`\.`)})(?!${letter})`, 'uy'),
      write({ word = '' }, context) {
        const said = words[word]
        return said !== undefined && mayEnd.has(word) && endsSentence.test(after(context)) ? `${said}.` : said
      },
    },
    {
      pattern: /&(?=\s)/uy,
      write: (_groups, context) => (/[\p{L}\p{N}.]\s$/u.test(before(context)) ? 'and' : undefined),
    },
    // What comes before a number without being a name of it.
    {
      pattern: /(?:mid|pre|post|early|late|circa|sub|non)-(?=\d)/iuy,
      write: (_groups, { text, start, end }) => text.slice(start, end),
    },
  ]
}

const mayEnd = new Set(['etc.', 'Jr.', 'Sr.', 'Inc.', 'Ltd.', 'Corp.', 'Bros.', 'Ave.', 'Blvd.', 'Rd.'])
