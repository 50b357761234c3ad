import { Refusal } from '../errors.ts'
import type { VoiceObstacle } from './voice.ts'

export const voiceNotFound = (field: string) => new Refusal('voice_not_found', `${field}: there is no such voice.`)

export const engineNotThere = (field: string, name: string) =>
  new Refusal('voice_unavailable', `${field}: the voice ${name} cannot speak now: its engine is not there.`)

/** Where the end of a consent came between looking and doing. */
export const consentEnded = (field: string, name: string) =>
  new Refusal(
    'consent_required',
    `${field}: the voice ${name} speaks no more: its consent has ended, or it was deleted.`,
  )

/** A voice that may not speak though its engine is there. */
export function voiceObstructed(field: string, name: string, obstacle: VoiceObstacle): Refusal {
  switch (obstacle) {
    case 'consent_revoked':
      return new Refusal('consent_required', `${field}: the voice ${name} speaks no more: its consent was revoked.`)
    case 'consent_expired':
      return new Refusal('consent_required', `${field}: the voice ${name} speaks no more: its consent has expired.`)
    case 'samples_deleted':
      return new Refusal(
        'voice_unavailable',
        `${field}: the voice ${name} speaks no more: samples it was made from were deleted.`,
      )
  }
}
