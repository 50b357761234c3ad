import type { ListVoicesInput, Loqui, Voice } from '@loqui/sdk'
import { type Column, printList } from '../print.ts'

const columns: readonly Column<Voice>[] = [
  ['NAME', ({ name }) => name],
  ['KIND', ({ kind, fidelity }) => (fidelity === 'preview' ? `${kind} (preview)` : kind)],
  ['STATE', ({ unavailable }) => states[unavailable ?? 'available']],
  ['GENDER', ({ gender }) => gender],
  ['LANGUAGE', ({ language }) => language],
  ['ID', ({ id }) => id],
  ['ALIASES', ({ aliases }) => aliases.join(' ')],
  ['DESCRIPTION', ({ description }) => description],
]

const states: Record<NonNullable<Voice['unavailable']> | 'available', string> = {
  available: 'can speak',
  engine_not_configured: 'its engine is not configured',
  consent_revoked: 'its consent was revoked',
  consent_expired: 'its consent has expired',
  samples_deleted: 'its samples were deleted',
}

export async function voices(loqui: Loqui, filter: ListVoicesInput, json: boolean): Promise<void> {
  printList(await Array.fromAsync(loqui.voices.list({ ...filter, limit: 100 })), columns, json)
}
