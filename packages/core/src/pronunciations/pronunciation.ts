import type { PronunciationRow } from '@loqui/db/schema/pronunciations'
import { wireId } from '../ids.ts'

/** How its user wants a word, or several, to be said. Captions and texts keep what was written. */
export interface Pronunciation {
  /** `pro_…` */
  id: string
  /** What is written: whole words are found, and of several that apply the longest. */
  phrase: string
  /** What is spoken in its place. */
  replacement: string
  caseSensitive: boolean
  /** Only where this is spoken, the first part of a language tag such as `en`; `null`: in every language. */
  language: string | null
  /** Only by this voice, `voi_…`; `null`: by all. */
  voiceId: string | null
  createdAt: string
}

export const toPronunciation = (row: PronunciationRow): Pronunciation => ({
  id: wireId('pronunciation', row.id),
  phrase: row.phrase,
  replacement: row.replacement,
  caseSensitive: row.case_sensitive,
  language: row.language,
  voiceId: row.voice_id === null ? null : wireId('voice', row.voice_id),
  createdAt: row.created_at.toISOString(),
})
