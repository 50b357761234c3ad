import type { Generated, JSONColumnType, Selectable } from 'kysely'

export interface VoiceTable {
  id: string
  /** `null` for a preset. */
  user_id: string | null
  engine: string
  /** What the engine calls it: a preset's own name, or what the engine made of a sample. */
  engine_voice: string
  name: string
  gender: 'female' | 'male' | 'neutral'
  /** BCP 47. */
  language: string
  description: Generated<string>
  /** Of a preset: false when its engine no longer brings it. */
  available: Generated<boolean>
  /** `null` for a preset. */
  consent_id: string | null
  /** How well the engine follows the samples; `null` for a preset. */
  fidelity: 'full' | 'preview' | null
  /** What a generation takes where it does not say otherwise. */
  settings: JSONColumnType<Record<string, unknown>, string | undefined>
  /** Who speaks in its place where its engine does not work, unless the generation says otherwise; `null`: nobody. */
  fallback_voice_id: string | null
  labels: JSONColumnType<Record<string, string>, string | undefined>
  created_at: Generated<Date>
  updated_at: Generated<Date>
  deleted_at: Date | null
}

export interface VoiceSampleTable {
  voice_id: string
  sample_id: string
  position: number
}

export interface VoiceAliasTable {
  user_id: string
  /** Lower case. */
  alias: string
  voice_id: string
}

export interface VoicePreviewTable {
  voice_id: string
  /** Of what was spoken and how. */
  version: string
  audio_key: string
  audio_bytes: number
  audio_sha256: string
  duration_ms: number
  created_at: Generated<Date>
}

/** Who makes a preview now. */
export interface VoicePreviewLeaseTable {
  voice_id: string
  token: string
  expires_at: Date
}

export type VoiceRow = Selectable<VoiceTable>
