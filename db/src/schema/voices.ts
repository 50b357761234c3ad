import type { Generated, Selectable } from 'kysely'

export interface VoiceTable {
  id: string
  /** `null` for a preset. */
  user_id: string | null
  engine: string
  engine_voice: string
  name: string
  gender: 'female' | 'male' | 'neutral'
  /** BCP 47. */
  language: string
  description: Generated<string>
  /** False when its engine no longer brings it. */
  available: Generated<boolean>
  created_at: Generated<Date>
}

export type VoiceRow = Selectable<VoiceTable>
