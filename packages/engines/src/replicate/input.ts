import type { SpeakRequest, SpeakSettings } from '../engine.ts'
import type { ReplicateModel } from './models.ts'
import { seedOf } from './seed.ts'

/** What a voice is called that is made of a recording: the recording comes with every request. */
export const clonedVoice = 'cloned'

/** A text as it is sent: the models read a line break as nothing else than a space. */
export const sentText = (text: string) => text.replace(/\s+/gu, ' ').trim()

/** @param mark of the call. @param reference address of the uploaded recording, for a cloned voice. */
export function inputOf(
  { fields }: ReplicateModel,
  { text, voice, settings, seed }: SpeakRequest,
  { mark, reference }: { readonly mark: string; readonly reference: string | null },
): Record<string, unknown> {
  const input: Record<string, unknown> = { [fields.text]: sentText(text) }
  if (reference !== null) input[fields.reference] = reference
  else if (fields.voice !== null) input[fields.voice] = voice
  for (const [key, field] of Object.entries(fields.settings)) {
    const value = settings[key as keyof SpeakSettings]
    if (value !== undefined) input[field] = value
  }
  return { ...input, seed: seed ?? seedOf(mark) }
}
