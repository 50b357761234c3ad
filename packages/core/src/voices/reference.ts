import { z } from 'zod'
import { idSchema } from '../ids.ts'

/** A voice as it was asked for: by the id that the database knows, or by what it is called. */
export type VoiceReference = string | { readonly called: string }

const id = idSchema('voice')

/** Reads a voice's id, or an alias or a preset's name in any case. */
export const voiceReferenceSchema = z
  .string()
  .trim()
  .min(1, 'must be the id, an alias or the name of a voice')
  .max(100)
  .transform((text): VoiceReference => {
    const { data } = id.safeParse(text)
    return data ?? { called: text }
  })
