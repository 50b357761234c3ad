import type { SpeakRefusal, SpeakRequest } from '../engine.ts'
import { foreignLanguage } from '../language.ts'
import { checkSettings } from '../settings.ts'
import { isSpeakable } from '../speakable.ts'
import { clonedVoice } from './input.ts'
import type { ReplicateModel } from './models.ts'

/** Why a whole text cannot be spoken. */
export function checkRequest(model: ReplicateModel, request: SpeakRequest): SpeakRefusal | null {
  return checkSpeaker(model, request) ?? checkText(model, request.text)
}

/** All but the text, which in a segment may be anything. */
export function checkSpeaker(
  { title, voices, settings: takes, reference: needs }: ReplicateModel,
  { voice, settings, reference, seed }: SpeakRequest,
): SpeakRefusal | null {
  if (voice !== clonedVoice && !voices.some(({ id }) => id === voice)) {
    return { field: 'voice', message: `${title} has no voice ${JSON.stringify(voice)}.` }
  }
  if (reference && voice !== clonedVoice) {
    return { field: 'reference', message: 'a voice that comes with its engine speaks without a recording.' }
  }
  if (reference && reference.durationMs <= needs.longerThanMs) {
    const message = `${title} needs a recording that is longer than ${needs.longerThanMs / 1000} seconds.`
    return { field: 'reference', message }
  }
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 1 && seed < 2 ** 31)) {
    return { field: 'seed', message: `expected a whole number from 1 to ${2 ** 31 - 1}, got ${seed}.` }
  }
  return checkSettings(title, takes, settings)
}

function checkText({ title, multilingual }: ReplicateModel, text: string): SpeakRefusal | null {
  const language = multilingual ? null : foreignLanguage(text)
  if (language) {
    const message = `${title} speaks English only; this text looks like ${language}. Write it in English, or choose a voice that speaks its language.`
    return { field: 'text', message }
  }
  // The models would read a sentence of their own instead.
  if (!isSpeakable(text)) {
    return { field: 'text', message: 'there is nothing to speak in it; it needs at least one letter or digit.' }
  }
  return null
}
