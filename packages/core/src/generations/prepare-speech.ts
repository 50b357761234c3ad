import { setImmediate } from 'node:timers/promises'
import type { VoiceRow } from '@loqui/db/schema/voices'
import type { SpeakSettings } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import { type Reason, Refusal } from '../errors.ts'
import { pronunciationsOf } from '../pronunciations/queries.ts'
import { isNormalizable } from '../text/normalize.ts'
import { findBadPause } from '../text/pauses.ts'
import { type PronunciationRule, rulesFor } from '../text/pronounce.ts'
import { type TextSegment, turnMs } from '../text/split.ts'
import { primary, takesLanguage } from '../voices/language.ts'
import { obstacle, referredVoice } from '../voices/queries.ts'
import type { VoiceReference } from '../voices/reference.ts'
import { engineNotThere, voiceNotFound, voiceObstructed } from '../voices/refusals.ts'
import type { VoiceObstacle } from '../voices/voice.ts'
import { askedText, nothingMs } from './asked-text.ts'
import { splitSpeech } from './split-speech.ts'

/** What speaking a text will take, known before anything is reserved. */
export interface PlannedSpeech {
  readonly segments: readonly TextSegment[]
  /** How its words are to be said, where not as they are written. */
  readonly pronunciations: readonly PronunciationRule[] | null
  /** By what language its numbers and abbreviations are written out; `null`: they are not. */
  readonly normalized_as: string | null
  readonly expectedMs: number
  /** Upper bound: what is reserved. No segment is longer than its own. */
  readonly maxMs: number
  /** Price in micro-dollars: what is held of the budgets. */
  readonly costMicros: number
}

/**
 * Paragraphs and segments of one text. A book has a few thousand; what has more is made of crumbs, each of which would
 * be a row and a call of the engine.
 */
const mostParts = 20_000

/** What is to be spoken, as it was asked for. */
export interface SpeechRequest {
  readonly text: string
  readonly voiceId: VoiceReference
  readonly settings: SpeakSettings
  readonly seed?: number | null | undefined
  /** Whether numbers and abbreviations are written out before the engine is asked. */
  readonly normalize?: boolean | undefined
}

/** What a generation needs to know of its voice. */
export interface SpeakingVoice
  extends Pick<
    VoiceRow,
    'id' | 'name' | 'engine' | 'engine_voice' | 'available' | 'settings' | 'language' | 'consent_id'
  > {
  /** What its user wants said otherwise by it, the rule that comes first first. */
  readonly pronunciations: readonly (PronunciationRule & { readonly language: string | null })[]
  /** Why it may not speak, beside its engine. */
  readonly obstacle: VoiceObstacle | null
}

/**
 * Finds the voice and the plan, and works out what the speech will take.
 *
 * @returns beside voice and plan what it will be spoken with: the voice's own settings under those asked for.
 * @throws {Refusal} `voice_not_found`, `voice_unavailable`, `consent_required`, `text_empty`, `text_too_long`,
 * `text_not_speakable`.
 */
export async function prepareSpeech(
  caller: Caller<'db' | 'engines'>,
  userId: string,
  request: SpeechRequest,
): Promise<{ voice: SpeakingVoice; settings: SpeakSettings; speech: PlannedSpeech }> {
  const { voice, maxCharacters } = await findSpeakingVoice(caller, userId, request.voiceId)
  const settings = { ...inItsLanguage(caller, voice), ...voice.settings, ...withoutUndefined(request.settings) }
  return { voice, settings, speech: await planSpeech(caller, voice, { ...request, settings }, maxCharacters) }
}

/**
 * Finds a voice that is to speak for a user, and how long a text their plan allows, in UTF-16 code units.
 *
 * @throws {Refusal} `voice_not_found`.
 */
export async function findSpeakingVoice(
  caller: Caller<'db' | 'engines'>,
  userId: string,
  voiceId: VoiceReference,
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
      obstacle.as('obstacle'),
      pronunciationsOf(userId).as('pronunciations'),
      'plan.max_characters',
    ])
    .where('voice.id', '=', referredVoice(caller, userId, voiceId))
    .where('voice.deleted_at', 'is', null)
    .where((eb) => eb.or([eb('voice.user_id', 'is', null), eb('voice.user_id', '=', userId)]))
    .executeTakeFirst()
  if (!found) throw voiceNotFound('voiceId')
  const { max_characters, ...voice } = found
  return { voice, maxCharacters: max_characters }
}

/** An engine that has to be told what it speaks is told what the voice speaks. */
function inItsLanguage({ engines }: Caller<'engines'>, { engine, language }: SpeakingVoice): SpeakSettings {
  const takes = engines.get(engine)?.settings
  return takes && takesLanguage(takes, language) ? { language: primary(language) } : {}
}

/** As it will be read back: JSON has no `undefined`. */
export const withoutUndefined = (settings: SpeakSettings): SpeakSettings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))

/** What a take keeps of an earlier one: all its segments, and how long those are that are not spoken anew. */
export interface KeptSpeech {
  readonly segments: readonly TextSegment[]
  /** By the segment's index, in milliseconds. */
  readonly keptMs: ReadonlyMap<number, number>
}

/**
 * Works out what a speech will take.
 *
 * @param kept otherwise the text is split.
 * @throws {Refusal} as {@link prepareSpeech}, but for `voice_not_found`.
 */
export async function planSpeech(
  { engines }: Caller<'engines'>,
  voice: SpeakingVoice,
  { text, settings, seed, normalize }: Pick<SpeechRequest, 'text' | 'settings' | 'seed' | 'normalize'>,
  maxCharacters: number,
  kept?: KeptSpeech,
): Promise<PlannedSpeech> {
  if (text.trim() === '') throw refuse('text_empty', 'text', 'there is nothing to speak.')
  if (text.length > maxCharacters) {
    throw refuse('text_too_long', 'text', `${text.length} characters are more than your plan's ${maxCharacters}.`)
  }
  // Before the split, which would take seconds for it.
  if (hasMoreBreaksThan(text, mostParts)) throw tooManyParts()
  if (voice.obstacle !== null) throw voiceObstructed('voiceId', voice.name, voice.obstacle)
  const engine = engines.get(voice.engine)
  if (!engine || !voice.available) throw engineNotThere('voiceId', voice.name)
  const badPause = findBadPause(text)
  if (badPause !== null) throw refuse('invalid_input', 'text', badPause)
  const spoken = {
    pronunciations: pronunciationsFor(text, voice, settings),
    normalized_as: normalize ? normalizedAs(voice, settings) : null,
  }
  const asked = (written: string) => askedText(engine, spoken, written)
  const request = { text: asked(text), voice: voice.engine_voice, settings, seed: seed ?? undefined }
  if (request.text === '') throw refuse('text_empty', 'text', 'there is nothing to speak in it.')
  const refusal = engine.check(request)
  if (refusal) {
    const { field, message } = refusal
    if (field === 'text') throw refuse('text_not_speakable', field, message)
    throw refuse('invalid_input', field === 'voice' ? 'voiceId' : field, message)
  }

  const segments =
    kept?.segments ?? (await splitSpeech(engine, { text, settings, language: voice.language, ...spoken }))
  if (segments.length > mostParts) throw tooManyParts()
  const speech = { expectedMs: 0, maxMs: 0, pausesMs: 0, costMicros: 0 }
  let began = performance.now()
  for (const segment of segments) {
    // A book has thousands of them, and others wait.
    if (performance.now() - began > turnMs) {
      await setImmediate()
      began = performance.now()
    }
    const part = { ...request, text: asked(segment.text) }
    if (kept && part.text.length > engine.limits.segmentCharacters) throw tooLongToSay(segment.index)
    const { expectedMs, maxMs } = part.text === '' ? nothing : engine.estimate(part)
    const keptMs = kept?.keptMs.get(segment.index)
    speech.expectedMs += keptMs ?? expectedMs
    // Should what is kept turn out to be gone, it is spoken, too.
    speech.maxMs += Math.max(maxMs, keptMs ?? 0)
    speech.pausesMs += segment.pauseMs
    speech.costMicros += keptMs === undefined ? engine.price(part.text) : 0
  }
  return {
    segments,
    ...spoken,
    expectedMs: speech.expectedMs + speech.pausesMs,
    maxMs: speech.maxMs + speech.pausesMs,
    costMicros: speech.costMicros,
  }
}

const nothing = { expectedMs: nothingMs, maxMs: nothingMs }

/** @throws {Refusal} `invalid_input` where nobody knows the words for the language's numbers. */
function normalizedAs({ language }: SpeakingVoice, settings: SpeakSettings): string {
  const spoken = settings.language ?? language
  // What an engine is told is a language; how it is spoken is the voice's.
  const tag = primary(spoken) === primary(language) ? language : spoken
  if (isNormalizable(tag)) return tag
  throw refuse('invalid_input', 'normalize', `there are no words for the numbers of “${tag}”; leave it out.`)
}

/** Those of the user's rules that a text needs: first those for the voice alone, then those for its language, then the latest. */
function pronunciationsFor(
  text: string,
  { pronunciations, language }: SpeakingVoice,
  settings: SpeakSettings,
): PronunciationRule[] | null {
  const spoken = primary(settings.language ?? language)
  const rules = pronunciations.filter((rule) => rule.language === null || rule.language === spoken)
  const needed = rulesFor(text, rules).map(({ phrase, replacement, caseSensitive }) => ({
    phrase,
    replacement,
    caseSensitive,
  }))
  return needed.length === 0 ? null : needed
}

function refuse(reason: Reason, field: string, message: string): Refusal {
  return new Refusal(reason, `${field}: ${message}`, { issues: [{ field, message }] })
}

/** Where it is split is settled, and how its words are said is not. */
const tooLongToSay = (index: number) =>
  refuse('invalid_input', 'segments', `as it is to be said, segment ${index} is too long. Take all of it anew.`)

const tooManyParts = () =>
  refuse('text_too_long', 'text', `it has more than ${mostParts} paragraphs or sentences. Send it in parts.`)

function hasMoreBreaksThan(text: string, most: number): boolean {
  let count = 0
  for (const _ of text.matchAll(/\n\s*\n|[\f\u2029]|\[pause |<break/gi)) if (++count > most) return true
  return false
}
