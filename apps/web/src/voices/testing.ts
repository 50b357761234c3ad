import type { Voice } from '@loqui/sdk'

/** A voice as the server says it, of which a test changes something. */
export function presetVoice(given: Partial<Voice> & Pick<Voice, 'name'>): Voice {
  return {
    id: `voi_${given.name}`,
    kind: 'preset',
    engine: 'offline',
    gender: 'female',
    language: 'en-US',
    description: '',
    available: true,
    unavailable: null,
    fidelity: null,
    settings: {},
    fallbackVoiceId: null,
    takes: { speed: { min: 0.25, max: 4, default: 1 }, pitch: { min: -12, max: 12, default: 0 } },
    labels: {},
    aliases: [],
    sampleIds: [],
    consentId: null,
    previewUrl: `/api/v1/voices/voi_${given.name}/preview?v=1`,
    createdAt: '2026-11-22T00:00:00.000Z',
    ...given,
  }
}
