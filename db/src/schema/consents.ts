import type { Generated, Selectable } from 'kysely'

export interface ConsentTable {
  id: string
  user_id: string
  /** Whose voice it is: the user's own, or somebody's who allowed it. */
  speaker: 'self' | 'other'
  speaker_name: string
  statement: string
  statement_version: string
  /** BCP 47. */
  locale: string
  nonce: string
  recording_id: string | null
  recording_sha256: string | null
  /** The API key it was given with; `null` for a session. */
  key_id: string | null
  address: string
  user_agent: string | null
  created_at: Generated<Date>
  expires_at: Date | null
  revoked_at: Date | null
}

export interface ConsentSampleTable {
  consent_id: string
  sample_id: string
  audio_sha256: string
}

export type ConsentRow = Selectable<ConsentTable>
