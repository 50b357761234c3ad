import { z } from 'zod'

/** How a voice speaks: `SpeakSettings` of the engines, as people may send it. */
export const speakSettingsSchema = z.strictObject({
  /** Pace against the voice's own. */
  speed: z.number().min(0.25).max(4).optional(),
  /** In semitones. */
  pitch: z.number().min(-12).max(12).optional(),
})
