import {
  type CreateGenerationInput,
  type EstimateInput,
  type Generation,
  type Loqui,
  toLoquiError,
  type Voice,
} from '@loqui/sdk'
import type { Draft } from './draft.ts'
import { canStandIn } from './fallback.ts'
import { settingsFor, takesSeed } from './settings.ts'

type Speaking = Pick<Voice, 'id' | 'takes' | 'settings' | 'engine' | 'language'>

/** What a draft asks for, in the voice that is shown as chosen. */
export function toInput(draft: Draft, voice: Speaking): CreateGenerationInput {
  const title = draft.title.trim()
  return {
    ...toEstimateInput(draft, voice),
    format: draft.format,
    title: title === '' ? null : title,
    ...(draft.seed !== null && takesSeed(voice.takes) && { seed: draft.seed }),
  }
}

/** The part of it that says how long the speech will be. */
export function toEstimateInput(draft: Draft, voice: Speaking): EstimateInput {
  const { text, speed, pitch, settings, normalize, fallback } = draft
  return {
    text,
    voiceId: voice.id,
    settings: settingsFor(voice, { ...settings, speed, pitch }),
    ...(normalize && { normalize }),
    ...(fallback === 'wait' && { fallbackVoiceId: null }),
    // It was chosen for another voice, perhaps.
    ...(typeof fallback === 'object' &&
      fallback !== null &&
      canStandIn(fallback, voice, settings) && { fallbackVoiceId: fallback.id }),
  }
}

/**
 * Sends drafts. When no answer comes to one it may have arrived all the same, so the same draft is sent again under the
 * same key, and is not made and charged twice.
 */
export function createSender(create: Loqui['generations']['create']) {
  let unanswered: { fingerprint: string; idempotencyKey: string } | undefined

  return async function send(input: CreateGenerationInput): Promise<Generation> {
    const fingerprint = JSON.stringify(input)
    if (unanswered?.fingerprint !== fingerprint) unanswered = { fingerprint, idempotencyKey: newKey() }
    const { idempotencyKey } = unanswered
    try {
      const generation = await create(input, { idempotencyKey })
      unanswered = undefined
      return generation
    } catch (error) {
      if (toLoquiError(error).status !== null) unanswered = undefined
      throw error
    }
  }
}

/** `crypto.randomUUID` is missing from pages that came over plain http. */
const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
