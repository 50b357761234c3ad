import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { voiceReferenceSchema } from './reference.ts'
import { speakSettingsSchema } from './settings.ts'

export const voiceIdInput = z.strictObject({ id: idSchema('voice') })

/** BCP 47, as far as its form tells. */
export const languageSchema = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en or en-US')

const ownLanguageSchema = languageSchema
  .refine((tag) => canonical(tag) !== undefined, 'must be a language tag such as en or en-US')
  .transform((tag) => canonical(tag) ?? tag)

/** `en-US` of `EN-us`. */
function canonical(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).toString()
  } catch {
    return undefined
  }
}

export const genderSchema = z.enum(['female', 'male', 'neutral'])

const aliasSchema = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9._-]{1,64}$/, 'must be 1 to 64 letters from a to z, digits, dots, dashes or underscores')
  .refine((alias) => !alias.startsWith('voi_'), 'must not begin as the id of a voice does')

const distinct = (values: readonly string[]) => new Set(values).size === values.length

export const aliasesSchema = z.array(aliasSchema).max(20).refine(distinct, 'must not hold an alias twice')

/** What a person can say of a voice of their own. */
export const voiceFields = {
  name: z.string().trim().min(1).max(100),
  description: z.string().trim().max(500),
  gender: genderSchema,
  language: ownLanguageSchema,
  settings: speakSettingsSchema,
  /** A voice of another engine: see `fallbackVoiceId` of a generation, for which it is the default. `null`: none. */
  fallbackVoiceId: voiceReferenceSchema.nullable(),
  labels: z
    .record(z.string().trim().min(1).max(32), z.string().trim().min(1).max(64))
    .refine((labels) => Object.keys(labels).length <= 10, 'must be at most 10 labels'),
  aliases: aliasesSchema,
}
