import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { type Cloning, type Engine, engineIds } from '@loqui/engines/engine'
import { z } from 'zod'
import { permit } from '../actor.ts'
import { requireConsent } from '../consents/require.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
import { idSchema, newId } from '../ids.ts'
import { setAliases } from './aliases.ts'
import { findFallbackId } from './find-fallback.ts'
import { voiceFields } from './input.ts'
import { primary, takesLanguage } from './language.ts'
import { findVoice } from './queries.ts'
import { bestRecording } from './recording.ts'
import { holdSamples, type OwnSample } from './samples.ts'
import { checkVoiceSettings } from './settings.ts'
import { combineTraits } from './traits.ts'
import { toVoice, type Voice, withoutNote } from './voice.ts'

export const createVoiceInput = z.strictObject({
  name: voiceFields.name,
  /** What it is made from: one is enough, several say more. */
  sampleIds: z
    .array(idSchema('sample'))
    .min(1)
    .max(25)
    .refine((ids) => new Set(ids).size === ids.length, 'must not name a sample twice'),
  /** One that covers all of the samples. */
  consentId: idSchema('consent').nullish(),
  /** Default: the one that follows samples best. */
  engine: z.enum(engineIds).optional(),
  gender: voiceFields.gender.default('neutral'),
  language: voiceFields.language.default('en'),
  description: voiceFields.description.default(''),
  settings: voiceFields.settings.default({}),
  fallbackVoiceId: voiceFields.fallbackVoiceId.default(null),
  labels: voiceFields.labels.default({}),
  aliases: voiceFields.aliases.default([]),
})

/**
 * Makes a voice from samples, by the consent of who speaks in them: asked for before any engine is.
 *
 * @throws {Refusal} `sample_not_found`, `consent_required`, `voice_not_cloneable`, `invalid_input` for settings that its engine
 * does not take and a fallback of the same engine, `voice_not_found` for a fallback that is not there, `alias_taken`,
 * `scope_missing`, `forbidden`.
 */
export async function createVoice(
  { db, actor, engines, hints }: Caller<'db' | 'actor' | 'engines' | 'hints'>,
  input: z.output<typeof createVoiceInput>,
): Promise<Voice> {
  const userId = permit(actor, 'voices:write')
  const id = newId()
  const voice = await transaction(db, async (trx) => {
    // So that the consent holds until the voice is there, and its end finds the voice.
    await lock(trx, 'quota', userId)
    const samples = await holdSamples(trx, userId, input.sampleIds, 'sampleIds')
    const consentId = await requireConsent(trx, userId, input.consentId, samples)
    const { engine, voice, fidelity } = clone(engines, input, samples)
    await trx
      .insertInto('voice')
      .values({
        id,
        user_id: userId,
        consent_id: consentId,
        engine,
        engine_voice: voice,
        fidelity,
        name: input.name,
        gender: input.gender,
        language: input.language,
        description: withoutNote(input.description),
        settings: JSON.stringify(input.settings),
        fallback_voice_id: await findFallbackId(trx, { engines }, userId, input.fallbackVoiceId, { engine }),
        labels: JSON.stringify(input.labels),
        deleted_at: null,
      })
      .execute()
    await trx
      .insertInto('voice_sample')
      .values(samples.map((sample, position) => ({ voice_id: id, sample_id: sample.id, position })))
      .execute()
    await setAliases(trx, userId, id, input.aliases)
    const made = toVoice(await findVoice(trx, userId, id), engines)
    await appendEvent(trx, userId, 'voice.created', id)
    return made
  })
  hints.hint('events', userId)
  return voice
}

/** An engine that makes voices from samples. */
type Cloner = Engine & { readonly cloning: Cloning }

/**
 * @throws {Refusal} `voice_not_cloneable` where no engine can, or there is no voice in the samples, or too little of it;
 * `invalid_input` for settings that the engine does not take.
 */
function clone(
  engines: ReadonlyMap<string, Engine>,
  {
    engine: wanted,
    gender,
    language,
    settings,
  }: Pick<z.output<typeof createVoiceInput>, 'engine' | 'gender' | 'language' | 'settings'>,
  samples: readonly OwnSample[],
): { engine: string; voice: string; fidelity: 'full' | 'preview' } {
  const able = [...engines.values()].filter((engine): engine is Cloner => engine.cloning !== null)
  const engine = wanted === undefined ? best(able, samples, language) : able.find(({ id }) => id === wanted)
  if (!engine) throw notCloneable('engine', 'no engine that is configured here makes voices from samples.')
  const { fidelity, voiceFor, reference } = engine.cloning
  if (reference && !bestRecording(samples, reference)) {
    const seconds = reference.longerThanMs / 1000
    throw notCloneable('sampleIds', `${engine.id} needs one that is longer than ${seconds} seconds.`)
  }
  const traits = combineTraits(samples.map(({ measured }) => measured))
  if (fidelity === 'preview' && traits.pitchHz === null) {
    throw notCloneable('sampleIds', 'no voice was found in them whose pitch could be followed.')
  }
  const voice = voiceFor({ ...traits, gender })
  checkVoiceSettings(engine, voice, settings)
  return { engine: engine.id, voice, fidelity }
}

/** The one that follows samples best, of those that can use these, and rather one that speaks the voice's language. */
function best(able: readonly Cloner[], samples: readonly OwnSample[], language: string): Cloner | undefined {
  const rank = ({ cloning: { fidelity, reference }, settings, voices }: Cloner) =>
    (fidelity === 'full' ? 4 : 0) +
    (!reference || bestRecording(samples, reference) ? 2 : 0) +
    (voices.some((voice) => primary(voice.language) === primary(language)) || takesLanguage(settings, language) ? 1 : 0)
  return able.toSorted((a, b) => rank(b) - rank(a))[0]
}

function notCloneable(field: string, message: string): Refusal {
  return new Refusal('voice_not_cloneable', `${field}: ${message}`, { issues: [{ field, message }] })
}
