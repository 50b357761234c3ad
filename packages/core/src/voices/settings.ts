import type { Engine, SpeakSettings } from '@loqui/engines/engine'
import { z } from 'zod'
import { Refusal } from '../errors.ts'

/**
 * How a voice speaks: `SpeakSettings` of the engines, as people may send it. The ranges are the widest that any engine takes;
 * no engine takes all of it, and each refuses by name what it does not.
 */
export const speakSettingsSchema = z.strictObject({
  /** Pace against the voice's own. */
  speed: z.number().min(0.25).max(4).optional(),
  /** In semitones. */
  pitch: z.number().min(-12).max(12).optional(),
  /** How much feeling, from flat to theatrical. */
  exaggeration: z.number().min(0.25).max(2).optional(),
  /** How closely the recording's way of speaking is kept to. The lower, the slower, and the less of its accent. */
  cfgWeight: z.number().min(0).max(1).optional(),
  /** How much is left to chance. */
  temperature: z.number().min(0.05).max(5).optional(),
  /** Share of the likeliest sounds that is chosen from. */
  topP: z.number().min(0.5).max(1).optional(),
  /** Number of the likeliest sounds that are chosen from. */
  topK: z.int().min(1).max(2000).optional(),
  /** How much a sound is avoided that has just been made. */
  repetitionPenalty: z.number().min(1).max(2).optional(),
  /** What the text is in, two letters of ISO 639-1. */
  language: z
    .string()
    .regex(/^[a-z]{2}$/, 'must be two letters, such as en')
    .optional(),
})

/** @throws {Refusal} `invalid_input` for what a voice's engine does not take of its settings. */
export function checkVoiceSettings(engine: Engine, voice: string, settings: SpeakSettings): void {
  const refusal = engine.check({ text: 'Hello.', voice, settings })
  if (!refusal?.field.startsWith('settings.')) return
  const { field, message } = refusal
  throw new Refusal('invalid_input', `${field}: ${message}`, { issues: [{ field, message }] })
}
