import type { SpeakSettings } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import { type Reason, Refusal } from '../errors.ts'
import { isNormalizable } from '../text/normalize.ts'
import { findBadPause } from '../text/pauses.ts'
import { type PronunciationRule, rulesFor } from '../text/pronounce.ts'
import type { TextSegment } from '../text/split.ts'
import { hasMorePartsThan } from '../text/split-at-pauses.ts'
import { createTurns } from '../text/turns.ts'
import { primary } from '../voices/language.ts'
import type { VoiceReference } from '../voices/reference.ts'
import { engineNotThere, voiceObstructed } from '../voices/refusals.ts'
import { askedText, nothingMs } from './asked-text.ts'
import { type SpeakingVoice, spokenLanguage } from './speaking-voice.ts'
import { type Speaking, splitSpeech } from './split-speech.ts'

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
  /** Of its samples, in hertz: the highest, where more than one may speak it; `null` where that is not known before it is spoken. */
  readonly sampleRate: number | null
}

/**
 * Paragraphs and segments of one text, and what stands between its pauses. A book has a few thousand; what has more is made of
 * crumbs, each of which would be a row and a call of the engine.
 */
const mostParts = 20_000

/** What is to be spoken, as it was asked for. */
export interface SpeechRequest {
  readonly text: string
  readonly voiceId: VoiceReference
  /** Who speaks in its place where its engine does not work; otherwise it waits. */
  readonly fallbackVoiceId?: VoiceReference | null | undefined
  readonly settings: SpeakSettings
  readonly seed?: number | null | undefined
  /** Whether numbers and abbreviations are written out before the engine is asked. */
  readonly normalize?: boolean | undefined
}

/** What a take keeps of an earlier one: all its segments, and how long those are that are not spoken anew. */
export interface KeptSpeech {
  readonly segments: readonly TextSegment[]
  /** By the segment's index, in milliseconds. */
  readonly keptMs: ReadonlyMap<number, number>
}

export interface PlanOptions {
  /** Otherwise the text is split. */
  readonly kept?: KeptSpeech | undefined
  /** Those that another voice would speak the text in, which its fallback has to speak, too. */
  readonly segments?: readonly TextSegment[] | undefined
  /** Who else has to be able to speak them. */
  readonly fallback?: Speaking | undefined
}

/**
 * Works out what a speech will take.
 *
 * @throws {Refusal} `voice_unavailable`, `consent_required`, `text_empty`, `text_too_long`, `text_not_speakable`, `invalid_input`.
 */
export async function planSpeech(
  { engines }: Caller<'engines'>,
  voice: SpeakingVoice,
  { text, settings, seed, normalize }: Pick<SpeechRequest, 'text' | 'settings' | 'seed' | 'normalize'>,
  maxCharacters: number,
  { kept, segments: given = kept?.segments, fallback }: PlanOptions = {},
): Promise<PlannedSpeech> {
  checkLength(text, maxCharacters)
  // Before the split, which would take seconds for it.
  if (hasMorePartsThan(text, mostParts)) throw tooManyParts()
  if (voice.obstacle !== null) throw voiceObstructed(voice.field, voice.name, voice.obstacle)
  const engine = engines.get(voice.engine)
  if (!engine || !voice.available) throw engineNotThere(voice.field, voice.name)
  const badPause = findBadPause(text)
  if (badPause !== null) throw refuse('invalid_input', 'text', badPause)
  const spoken = pronouncedBy(voice, { text, settings, normalize })
  const asked = (written: string) => askedText(engine, spoken, written)
  const request = { text: asked(text), voice: voice.engine_voice, settings, seed: seed ?? undefined }
  if (request.text === '') throw refuse('text_empty', 'text', 'there is nothing to speak in it.')
  const refusal = engine.check(request)
  if (refusal) {
    const { field, message } = refusal
    // What is wrong with it for the fallback alone is not wrong with the text.
    if (voice.field === 'fallbackVoiceId') throw cannotStandIn(voice, message)
    if (field === 'text') throw refuse('text_not_speakable', field, message)
    throw refuse('invalid_input', field === 'voice' ? 'voiceId' : field, message)
  }

  const own = { engine, ...spoken }
  const speakers = fallback ? [own, fallback] : [own]
  const segments = given ?? (await splitSpeech(speakers, { text, settings, language: voice.language }))
  if (segments.length > mostParts) throw tooManyParts()
  const speech = { expectedMs: 0, maxMs: 0, pausesMs: 0, costMicros: 0 }
  const turn = createTurns()
  for (const segment of segments) {
    await turn()
    const part = { ...request, text: asked(segment.text) }
    const keptMs = kept?.keptMs.get(segment.index)
    if (kept && keptMs === undefined && part.text.length > engine.limits.segmentCharacters) {
      throw tooLongToSay(segment.index)
    }
    const { expectedMs, maxMs } = part.text === '' ? nothing : engine.estimate(part)
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
    sampleRate: engine.sampleRate?.(request) ?? null,
  }
}

/** @throws {Refusal} `text_empty`, `text_too_long`: before anything is done that takes the longer the more there is. */
export function checkLength(text: string, maxCharacters: number): void {
  if (text.trim() === '') throw refuse('text_empty', 'text', 'there is nothing to speak.')
  if (text.length > maxCharacters) {
    throw refuse('text_too_long', 'text', `${text.length} characters are more than your plan's ${maxCharacters}.`)
  }
}

const nothing = { expectedMs: nothingMs, maxMs: nothingMs }

/**
 * How the words of a text are said by a voice.
 *
 * @throws {Refusal} `invalid_input` where numbers cannot be written out in its language.
 */
export function pronouncedBy(
  voice: SpeakingVoice,
  { text, settings, normalize }: Pick<SpeechRequest, 'text' | 'settings' | 'normalize'>,
): Pick<PlannedSpeech, 'pronunciations' | 'normalized_as'> {
  return {
    pronunciations: pronunciationsFor(text, voice, settings),
    normalized_as: normalize ? normalizedAs(voice, settings) : null,
  }
}

/** @throws {Refusal} `invalid_input` where nobody knows the words for the language's numbers. */
function normalizedAs(voice: SpeakingVoice, settings: SpeakSettings): string {
  const { language } = voice
  const spoken = spokenLanguage(voice, settings)
  // What an engine is told is a language; how it is spoken is the voice's.
  const tag = primary(spoken) === primary(language) ? language : spoken
  if (isNormalizable(tag)) return tag
  throw refuse('invalid_input', 'normalize', `there are no words for the numbers of “${tag}”; leave it out.`)
}

/** Those of the user's rules that a text needs: first those for the voice alone, then those for its language, then the latest. */
function pronunciationsFor(text: string, voice: SpeakingVoice, settings: SpeakSettings): PronunciationRule[] | null {
  const spoken = primary(spokenLanguage(voice, settings))
  const rules = voice.pronunciations.filter((rule) => rule.language === null || rule.language === spoken)
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

/** Why a voice cannot be the fallback of another one. */
export const cannotStandIn = ({ name }: SpeakingVoice, message: string) =>
  refuse('invalid_input', 'fallbackVoiceId', `${name} could not speak this: ${message}`)

/** Where it is split is settled, and how its words are said is not. */
const tooLongToSay = (index: number) =>
  refuse('invalid_input', 'segments', `as it is to be said, segment ${index} is too long. Take all of it anew.`)

const tooManyParts = () =>
  refuse('text_too_long', 'text', `it has more than ${mostParts} paragraphs, sentences or pauses. Send it in parts.`)
