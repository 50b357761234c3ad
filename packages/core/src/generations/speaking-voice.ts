import type { VoiceRow } from '@loqui/db/schema/voices'
import type { SpeakSettings } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import { pronunciationsOf } from '../pronunciations/queries.ts'
import type { PronunciationRule } from '../text/pronounce.ts'
import { primary, takesLanguage } from '../voices/language.ts'
import { obstacle, referredVoice } from '../voices/queries.ts'
import type { VoiceReference } from '../voices/reference.ts'
import { voiceNotFound } from '../voices/refusals.ts'
import type { VoiceObstacle } from '../voices/voice.ts'

/** What a generation needs to know of its voice. */
export interface SpeakingVoice
  extends Pick<
    VoiceRow,
    | 'id'
    | 'name'
    | 'engine'
    | 'engine_voice'
    | 'available'
    | 'settings'
    | 'language'
    | 'consent_id'
    | 'fallback_voice_id'
  > {
  /** By which input it was named. */
  readonly field: 'voiceId' | 'fallbackVoiceId'
  /** What its user wants said otherwise by it, the rule that comes first first. */
  readonly pronunciations: readonly (PronunciationRule & { readonly language: string | null })[]
  /** Why it may not speak, beside its engine. */
  readonly obstacle: VoiceObstacle | null
}

/**
 * Finds a voice that is to speak for a user, and how long a text their plan allows, in UTF-16 code units.
 *
 * @throws {Refusal} `voice_not_found`, which names `field`.
 */
export async function findSpeakingVoice(
  caller: Caller<'db' | 'engines'>,
  userId: string,
  voiceId: VoiceReference,
  field: SpeakingVoice['field'] = 'voiceId',
): Promise<{ voice: SpeakingVoice; maxCharacters: number }> {
  const found = await caller.db
    .selectFrom('voice')
    .innerJoin('account', (join) => join.on('account.id', '=', userId))
    .innerJoin('plan', 'plan.id', 'account.plan_id')
    .select([
      'voice.id',
      'voice.name',
      'voice.engine',
      'voice.engine_voice',
      'voice.available',
      'voice.settings',
      'voice.language',
      'voice.consent_id',
      'voice.fallback_voice_id',
      obstacle.as('obstacle'),
      pronunciationsOf(userId).as('pronunciations'),
      'plan.max_characters',
    ])
    .where('voice.id', '=', referredVoice(caller, userId, voiceId))
    .where('voice.deleted_at', 'is', null)
    .where((eb) => eb.or([eb('voice.user_id', 'is', null), eb('voice.user_id', '=', userId)]))
    .executeTakeFirst()
  if (!found) throw voiceNotFound(field)
  const { max_characters, ...voice } = found
  return { voice: { ...voice, field }, maxCharacters: max_characters }
}

/** An engine that has to be told what it speaks is told what the voice speaks. */
export function inItsLanguage({ engines }: Caller<'engines'>, { engine, language }: SpeakingVoice): SpeakSettings {
  const takes = engines.get(engine)?.settings
  return takes && takesLanguage(takes, language) ? { language: primary(language) } : {}
}

/** As it will be read back: JSON has no `undefined`. */
export const withoutUndefined = (settings: SpeakSettings): SpeakSettings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))

/** What a voice is told to speak, BCP 47: what it is told, else its own. */
export const spokenLanguage = ({ language }: Pick<SpeakingVoice, 'language'>, settings: SpeakSettings): string =>
  settings.language ?? language
