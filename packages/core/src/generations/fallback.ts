import type { GenerationRow, SpeechColumns } from '@loqui/db/schema/generations'
import type { SpeakSettings } from '@loqui/engines/engine'
import { takenOf } from '@loqui/engines/settings'
import type { Caller } from '../context.ts'
import type { TextSegment } from '../text/split.ts'
import { primary } from '../voices/language.ts'
import { engineNotThere } from '../voices/refusals.ts'
import { cannotStandIn, type PlannedSpeech, planSpeech, pronouncedBy, type SpeechRequest } from './plan-speech.ts'
import { takesSeed } from './seed.ts'
import {
  findSpeakingVoice,
  inItsLanguage,
  type SpeakingVoice,
  spokenLanguage,
  withoutUndefined,
} from './speaking-voice.ts'
import type { Speaking } from './split-speech.ts'

/** Who speaks a text where the engine of its voice does not work, and how. */
export interface Fallback extends Speaking {
  readonly voice: SpeakingVoice
  readonly settings: SpeakSettings
  readonly seed: number | null
}

/** What a generation is spoken with, as far as another one is spoken with the same. */
type Spoken = Pick<SpeechColumns, 'voice_id' | 'settings' | 'seed' | 'normalized_as'>

/** What a generation was asked to be spoken with, whoever has spoken it, and its fallback. */
export function rolesOf(row: GenerationRow): { readonly asked: Spoken; readonly fallback: Spoken | null } {
  const { fallback, fell_back_at } = row
  return fallback !== null && fell_back_at !== null ? { asked: fallback, fallback: row } : { asked: row, fallback }
}

/** Of a language that nobody has told, or a voice that speaks any. */
const anyLanguage: ReadonlySet<string> = new Set(['und', 'mul'])

/**
 * Finds the fallback of a speech: a voice of another engine in the same language. Of the settings it takes those that its engine
 * knows, as far as that goes.
 *
 * @param own what the speech is spoken with where its engine works.
 * @throws {Refusal} `voice_not_found`, `voice_unavailable`, `invalid_input`; they name `fallbackVoiceId`.
 */
export async function findFallback(
  caller: Caller<'db' | 'engines'>,
  userId: string,
  { fallbackVoiceId, ...request }: SpeechRequest,
  own: { readonly voice: SpeakingVoice; readonly settings: SpeakSettings },
): Promise<Fallback | undefined> {
  if (fallbackVoiceId === null || fallbackVoiceId === undefined) return undefined
  const { voice } = await findSpeakingVoice(caller, userId, fallbackVoiceId, 'fallbackVoiceId')
  const engine = caller.engines.get(voice.engine)
  if (!engine) throw engineNotThere(voice.field, voice.name)
  if (voice.engine === own.voice.engine) {
    throw cannotStandIn(voice, `its engine is that of ${own.voice.name}, and would not work either.`)
  }
  const settings = {
    ...inItsLanguage(caller, voice),
    ...voice.settings,
    ...takenOf(engine.settings, withoutUndefined(request.settings)),
  }
  const asked = primary(spokenLanguage(own.voice, own.settings))
  const spoken = primary(spokenLanguage(voice, settings))
  if (asked !== spoken && !anyLanguage.has(asked) && !anyLanguage.has(spoken)) {
    throw cannotStandIn(voice, `it speaks “${spoken}”, and this is in “${asked}”.`)
  }
  const seed = request.seed ?? null
  // Whatever it speaks, words are said and written out as the language has them that was asked for.
  const speaking = anyLanguage.has(spoken) ? { ...voice, language: spokenLanguage(own.voice, own.settings) } : voice
  return {
    voice: speaking,
    engine,
    settings,
    seed: seed !== null && takesSeed(engine, { ...request, voice: voice.engine_voice, settings, seed }) ? seed : null,
    ...pronouncedBy(speaking, { ...request, settings }),
  }
}

/**
 * Works out what a fallback would take for the segments of a speech.
 *
 * @returns beside what its generation would then be spoken with, how long it would be at most, in milliseconds, and the rate of its samples.
 * @throws {Refusal} as `planSpeech()`; `invalid_input` names `fallbackVoiceId`.
 */
export async function planFallback(
  caller: Caller<'engines'>,
  { voice, settings, seed, engine }: Fallback,
  request: Pick<SpeechRequest, 'text' | 'normalize'>,
  maxCharacters: number,
  segments: readonly TextSegment[],
): Promise<{ readonly columns: SpeechColumns } & Pick<PlannedSpeech, 'maxMs' | 'sampleRate'>> {
  const speech = await planSpeech(caller, voice, { ...request, settings, seed }, maxCharacters, { segments })
  return {
    maxMs: speech.maxMs,
    sampleRate: speech.sampleRate,
    columns: {
      voice_id: voice.id,
      consent_id: voice.consent_id,
      engine: engine.id,
      settings: { ...settings },
      seed,
      pronunciations: speech.pronunciations,
      normalized_as: speech.normalized_as,
      estimated_ms: speech.expectedMs,
      predicted_cost_micros: speech.costMicros,
    },
  }
}
