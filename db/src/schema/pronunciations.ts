import type { Generated, Selectable } from 'kysely'

/** How a user wants a word, or several, to be said. */
export interface PronunciationTable {
  id: string
  user_id: string
  phrase: string
  replacement: string
  case_sensitive: Generated<boolean>
  /** Of voices, the first part of a BCP 47 tag; `null`: whatever they speak. */
  language: string | null
  /** `null`: any. */
  voice_id: string | null
  created_at: Generated<Date>
}

export type PronunciationRow = Selectable<PronunciationTable>
