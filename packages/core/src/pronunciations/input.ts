import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { languageSchema } from '../voices/input.ts'
import { primary } from '../voices/language.ts'

const wellFormed = z
  .string()
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed Unicode without NUL characters')

/** What a pronunciation says. */
export const pronunciationFields = {
  phrase: wellFormed
    .trim()
    .min(1)
    .max(100)
    .regex(/[\p{L}\p{N}]/u, 'must have a letter or a digit'),
  /** As long as any segment has room for. */
  replacement: wellFormed.trim().min(1).max(100),
  caseSensitive: z.boolean(),
  language: languageSchema.transform(primary).nullable(),
  voiceId: idSchema('voice').nullable(),
}
