import type { SpeakSettings, SpeechEstimate } from '../engine.ts'
import { soundsMs } from '../sounds.ts'

/**
 * Milliseconds at the usual pace, as eSpeak NG 1.52 made them in November 2026. Of 31 languages, from Spanish to Burmese, a
 * page takes 0.6 to 1.9 times what is expected of it, which is `slowest` for the most. The others are what it spells or names:
 * letters of a script that the voice does not read (up to 1.2 s each), Chinese signs in Japanese, letters that stand
 * alone, capitals, which may be an abbreviation, and signs, on top of what they are as characters.
 */
const slowest = 2.2
const most = { foreign: 1_150, kanji: 800, alone: 750, capital: 350, sign: 350 }
/** An utterance begins and ends somewhere. */
const edgesMs = { expected: 150, most: 600 }

const signs = /[^\p{L}\p{M}\p{N}\s.,;:!?'"()\-–—…。、！？]/gu
const alone = /(?<!\p{L})\p{L}(?!\p{L})/gu
const han = /\p{sc=Han}/gu

/** Length of one segment. What is spoken is never longer than `maxMs`: where it would be, it is hastened. */
export function estimateSpeech(text: string, language: string, { speed = 1 }: SpeakSettings): SpeechEstimate {
  const usualMs = soundsMs(text)
  const locale = new Intl.Locale(language).maximize()
  const mostMs =
    usualMs * slowest +
    count(text, foreign(locale.script)) * most.foreign +
    (locale.language === 'ja' ? count(text, han) * most.kanji : 0) +
    count(text, alone) * most.alone +
    count(text, /\p{Lu}/gu) * most.capital +
    count(text, signs) * most.sign +
    edgesMs.most
  return {
    expectedMs: Math.ceil((usualMs + edgesMs.expected) / speed),
    // The faster it is, the less haste is left: half of what is saved stays reserved.
    maxMs: Math.ceil(mostMs / (speed > 1 ? (1 + speed) / 2 : speed)),
  }
}

/** Scripts that are written together, by what `Intl.Locale` calls them. */
const together: Readonly<Record<string, readonly string[]>> = {
  Jpan: ['Hira', 'Kana', 'Han'],
  Kore: ['Hang'],
  Hans: ['Han'],
  Hant: ['Han'],
}

/** Letters of a script that a voice does not read. All of them read Latin letters, some as English has them. */
function foreign(script: string | undefined): RegExp {
  const own = [...(together[script ?? ''] ?? [script ?? 'Latn']), 'Latn']
  const known = own.filter((name) => {
    try {
      return new RegExp(`\\p{sc=${name}}`, 'u')
    } catch {
      return false
    }
  })
  return new RegExp(`[\\p{L}--[${known.map((name) => `\\p{sc=${name}}`).join('')}]]`, 'gv')
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0
