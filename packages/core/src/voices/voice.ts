import type { VoiceRow } from '@loqui/db/schema/voices'
import type { Engine, EngineSettings, Gender, SpeakSettings } from '@loqui/engines/engine'
import { wireId } from '../ids.ts'
import { isFree, previewPath } from './preview-version.ts'

export const voiceKinds = ['preset', 'cloned'] as const

/** What speaks. */
export interface Voice {
  /** `voi_…` */
  id: string
  name: string
  /** A preset came with its engine and is everybody's; a cloned one was made from samples and is its maker's. */
  kind: (typeof voiceKinds)[number]
  engine: string
  gender: Gender
  /** BCP 47, such as `en-US`. */
  language: string
  /** Of a cloned voice that only follows pitch and pace, it says so. */
  description: string
  /** Whether it can speak now. */
  available: boolean
  /** Why it cannot. `engine_not_configured`: its engine is not there, or no longer brings it. */
  unavailable: 'engine_not_configured' | VoiceObstacle | null
  /** How well a cloned voice follows its samples: `preview` is their pitch and pace only, not the voice itself. */
  fidelity: 'full' | 'preview' | null
  /** What a generation takes where it does not say otherwise. */
  settings: SpeakSettings
  /** `voi_…` of who speaks in its place where its engine does not work, unless a generation says otherwise; `null`: nobody. */
  fallbackVoiceId: string | null
  /** What a generation may set, and how far; the others are refused. Empty where its engine is not there. */
  takes: EngineSettings
  labels: Record<string, string>
  /** What the caller also calls it. */
  aliases: string[]
  /** What it was made from, in that order. `smp_…` */
  sampleIds: string[]
  /** `con_…` */
  consentId: string | null
  /**
   * Path at which it can be heard speaking a sentence; another when that would sound otherwise. A preset's is open to
   * everyone, a cloned voice's to its maker. `null` where it cannot be heard: the voice may not speak, or its engine asks for
   * money, which nobody would be charged.
   */
  previewUrl: string | null
  /** ISO 8601. */
  createdAt: string
}

/** Why a cloned voice may not speak. */
export type VoiceObstacle = 'consent_revoked' | 'consent_expired' | 'samples_deleted'

/** A voice with what else a user sees of it. */
export interface VoiceView extends VoiceRow {
  readonly obstacle: VoiceObstacle | null
  readonly aliases: string[]
  readonly sample_ids: string[]
}

export function toVoice(row: VoiceView, engines: ReadonlyMap<string, Engine>): Voice {
  const engine = engines.get(row.engine)
  const unavailable = row.obstacle ?? (row.available && engine ? null : 'engine_not_configured')
  return {
    id: wireId('voice', row.id),
    name: row.name,
    kind: row.user_id === null ? 'preset' : 'cloned',
    engine: row.engine,
    gender: row.gender,
    language: row.language,
    description: row.fidelity === 'preview' ? `${row.description} ${previewNote}`.trim() : row.description,
    available: unavailable === null,
    unavailable,
    fidelity: row.fidelity,
    settings: row.settings,
    fallbackVoiceId: row.fallback_voice_id && wireId('voice', row.fallback_voice_id),
    takes: engine?.settings ?? {},
    labels: row.labels,
    aliases: row.aliases,
    sampleIds: row.sample_ids.map((id) => wireId('sample', id)),
    consentId: row.consent_id && wireId('consent', row.consent_id),
    previewUrl: engine && unavailable === null && isFree(engine) ? previewPath(row) : null,
    createdAt: row.created_at.toISOString(),
  }
}

const previewNote = 'Preview: it follows the pitch and pace of the samples, not the voice itself.'

/** What a person wrote of a voice, without the note that was added when it was shown to them. */
export const withoutNote = (description: string) =>
  description.endsWith(previewNote) ? description.slice(0, -previewNote.length).trim() : description
