import type { VoiceRow } from '@loqui/db/schema/voices'
import { wireId } from '../ids.ts'

/** What speaks. */
export interface Voice {
  /** `voi_…` */
  id: string
  name: string
  kind: 'preset'
  engine: string
  gender: 'female' | 'male' | 'neutral'
  /** BCP 47, such as `en-US`. */
  language: string
  description: string
}

export function toVoice(row: VoiceRow): Voice {
  return {
    id: wireId('voice', row.id),
    name: row.name,
    kind: 'preset',
    engine: row.engine,
    gender: row.gender,
    language: row.language,
    description: row.description,
  }
}
