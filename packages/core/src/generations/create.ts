import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Repeatable, readRepeatable } from '../idempotency/repeatable.ts'
import { voiceReferenceSchema } from '../voices/reference.ts'
import { speakSettingsSchema } from '../voices/settings.ts'
import type { Generation } from './generation.ts'
import { earlierAnswer, insertGeneration, type NewGeneration } from './insert.ts'
import { outputInput, readOutput, toOutputRow } from './output.ts'
import { prepareSpeech } from './prepare-speech.ts'
import { mostSeed } from './seed.ts'

export const speechInput = {
  text: z.string().refine((text) => text.isWellFormed() && !text.includes('\0'), {
    message: 'must be well-formed Unicode without NUL characters',
  }),
  /** A voice's id, an alias that the caller gave it, or a preset's name in any case. */
  voiceId: voiceReferenceSchema,
  /** What is not said is as the voice's own settings have it. */
  settings: speakSettingsSchema.default({}),
  /** The same text, voice, settings and seed sound the same; another seed makes another take. */
  seed: z.int().min(1).max(mostSeed).nullish(),
  /**
   * A voice of another engine, in the same language: where the engine of `voiceId` does not work, it speaks the whole in its
   * place. `null`: nobody does, and it waits. Default: what the voice says of that.
   */
  fallbackVoiceId: voiceReferenceSchema.nullish(),
  /** `true`: numbers and abbreviations are written out, by the language, before the engine is asked. Otherwise it reads them as it does. */
  normalize: z.boolean().optional(),
}

/** How its audio is to be made. */
export const createdOutputInput = { ...outputInput, format: outputInput.format.default('mp3') }

export const createGenerationInput = z.strictObject({
  ...speechInput,
  ...createdOutputInput,
  title: z.string().trim().min(1).max(200).nullish(),
  /** `false`: all of it is spoken, also what was before with the same voice and settings. Otherwise that answers again. */
  cache: z.boolean().optional(),
})

const route = 'generations.create'

/**
 * Takes a text to be spoken: permit, voice, check, then `insertGeneration()`: reserve, insert, enqueue, hint. A refusal leaves
 * nothing behind.
 *
 * @param call whether, and how, this call is told from a repetition of itself.
 * @throws {Refusal} `invalid_input` for a rate or a bit rate that the format does not take, and for a fallback that could
 * not speak it, `voice_not_found`, `voice_unavailable`, `consent_required`, `text_empty`, `text_too_long`,
 * `text_not_speakable`, `quota_exceeded`, `budget_exceeded`, `idempotency_key_reused`, `idempotency_in_flight`.
 */
export async function createGeneration(
  caller: Caller<'db' | 'actor' | 'engines' | 'hints'>,
  input: z.output<typeof createGenerationInput>,
  call: Repeatable = {},
): Promise<Generation> {
  const { db, actor } = caller
  const userId = permit(actor, 'generations:write')
  // What the format does not take is refused before anything else.
  readOutput(input)
  const keyId = actor.kind === 'key' ? actor.keyId : null
  const repeatable = readRepeatable(call, route, input, { userId, keyId })
  let wanted: NewGeneration
  try {
    const { voice, settings, speech, fallback } = await prepareSpeech(caller, userId, input)
    wanted = {
      userId,
      keyId,
      voice,
      text: input.text,
      title: input.title ?? null,
      output: toOutputRow(readOutput({ ...input, spokenAt: speech.sampleRate })),
      settings,
      seed: input.seed ?? null,
      speech,
      fallback,
      take_of: null,
      kept_from: null,
      spoken_anew: null,
      cache: input.cache ?? true,
    }
  } catch (error) {
    return earlierAnswer(db, repeatable, error)
  }
  return insertGeneration(caller, wanted, repeatable)
}
