import type { SpeechColumns } from '@loqui/db/schema/generations'
import type { SpeakSettings } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { type Fallback, findFallback, planFallback } from './fallback.ts'
import { checkLength, type PlannedSpeech, planSpeech, type SpeechRequest } from './plan-speech.ts'
import { findSpeakingVoice, inItsLanguage, type SpeakingVoice, withoutUndefined } from './speaking-voice.ts'

/** What a text will be spoken with. */
export interface PreparedSpeech {
  readonly voice: SpeakingVoice
  /** The voice's own under those asked for. */
  readonly settings: SpeakSettings
  /** Whoever speaks it in the end: its bound is that of the longer, its rate the higher. */
  readonly speech: PlannedSpeech
  readonly fallback: SpeechColumns | null
}

/**
 * Finds voice, fallback and plan, and works out what the speech will take.
 *
 * @throws {Refusal} `voice_not_found`, `voice_unavailable`, `consent_required`, `text_empty`, `text_too_long`,
 * `text_not_speakable`, `invalid_input`.
 */
export async function prepareSpeech(
  caller: Caller<'db' | 'engines'>,
  userId: string,
  request: SpeechRequest,
): Promise<PreparedSpeech> {
  const { voice, maxCharacters } = await findSpeakingVoice(caller, userId, request.voiceId)
  checkLength(request.text, maxCharacters)
  const settings = { ...inItsLanguage(caller, voice), ...voice.settings, ...withoutUndefined(request.settings) }
  const plan = async (fallbackVoiceId: SpeechRequest['fallbackVoiceId']) => {
    const fallback = await findFallback(caller, userId, { ...request, fallbackVoiceId }, { voice, settings })
    return planBoth(caller, voice, { ...request, settings }, maxCharacters, fallback)
  }
  const planned =
    request.fallbackVoiceId === undefined ? whereItCan(plan, voice.fallback_voice_id) : plan(request.fallbackVoiceId)
  return { voice, settings, ...(await planned) }
}

/** With a fallback that nobody has asked for this time: where it could not speak this, there is none. */
export async function whereItCan<Planned>(
  plan: (fallbackVoiceId: string | null) => Promise<Planned>,
  fallbackVoiceId: string | null,
): Promise<Planned> {
  try {
    return await plan(fallbackVoiceId)
  } catch (error) {
    // What is refused whoever may speak it is refused again.
    if (error instanceof Refusal && fallbackVoiceId !== null) return plan(null)
    throw error
  }
}

/** @throws {Refusal} as {@link planSpeech}. */
export async function planBoth(
  caller: Caller<'engines'>,
  voice: SpeakingVoice,
  request: Pick<SpeechRequest, 'text' | 'settings' | 'seed' | 'normalize'>,
  maxCharacters: number,
  fallback: Fallback | undefined,
): Promise<Pick<PreparedSpeech, 'speech' | 'fallback'>> {
  const speech = await planSpeech(caller, voice, request, maxCharacters, { fallback })
  if (!fallback) return { speech, fallback: null }
  const other = await planFallback(caller, fallback, request, maxCharacters, speech.segments)
  const maxMs = Math.max(speech.maxMs, other.maxMs)
  const sampleRate =
    speech.sampleRate === null || other.sampleRate === null ? null : Math.max(speech.sampleRate, other.sampleRate)
  return { speech: { ...speech, maxMs, sampleRate }, fallback: other.columns }
}
