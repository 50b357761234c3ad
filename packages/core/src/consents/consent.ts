import type { ConsentRow } from '@loqui/db/schema/consents'
import { wireId } from '../ids.ts'

/** What a person stated of the voice in some samples. It never changes but by being revoked. Times are ISO 8601. */
export interface Consent {
  /** `con_…` */
  id: string
  /** Whose voice it is: the user's own, or somebody's who allowed it. */
  speaker: 'self' | 'other'
  speakerName: string
  /** What was agreed to and, after an empty line, the phrase to read aloud. */
  statement: string
  statementVersion: string
  /** BCP 47. */
  locale: string
  /** The samples it covers, by their bytes. `smp_…` */
  sampleIds: string[]
  /** The recording of the phrase. `smp_…` */
  recordingId: string | null
  createdAt: string
  /** `null`: it holds until it is revoked. */
  expiresAt: string | null
  revokedAt: string | null
}

export interface ConsentView extends ConsentRow {
  readonly sample_ids: string[]
}

export function toConsent(row: ConsentView): Consent {
  return {
    id: wireId('consent', row.id),
    speaker: row.speaker,
    speakerName: row.speaker_name,
    statement: row.statement,
    statementVersion: row.statement_version,
    locale: row.locale,
    sampleIds: row.sample_ids.map((id) => wireId('sample', id)),
    recordingId: row.recording_id && wireId('sample', row.recording_id),
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }
}
