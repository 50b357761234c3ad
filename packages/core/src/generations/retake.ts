import { randomInt } from 'node:crypto'
import type { GenerationRow, SegmentRow } from '@loqui/db/schema/generations'
import type { SpeakSettings } from '@loqui/engines/engine'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { type Repeatable, readRepeatable } from '../idempotency/repeatable.ts'
import { idSchema } from '../ids.ts'
import { speakSettingsSchema } from '../voices/settings.ts'
import { speechInput } from './create.ts'
import { findFallback, rolesOf } from './fallback.ts'
import type { Generation } from './generation.ts'
import { earlierAnswer, insertGeneration, type NewGeneration } from './insert.ts'
import { ownOutput, toOutputRow } from './output.ts'
import { type KeptSpeech, planSpeech } from './plan-speech.ts'
import { planBoth, whereItCan } from './prepare-speech.ts'
import { findGeneration } from './queries.ts'
import { mostSeed, takesSeed } from './seed.ts'
import { readSegments } from './segments.ts'
import { findSpeakingVoice, type SpeakingVoice, withoutUndefined } from './speaking-voice.ts'

export const retakeGenerationInput = z.strictObject({
  id: idSchema('generation'),
  /**
   * Numbers of the segments that are spoken anew, from 0; all others keep their audio, where they are finished. Without: all are
   * spoken anew.
   */
  segments: z.array(z.int().min(0)).min(1).max(20_000).optional(),
  /** Without: another one than before. */
  seed: speechInput.seed,
  /** What is not said is as it was. */
  settings: speakSettingsSchema.optional(),
})

type RetakeInput = z.output<typeof retakeGenerationInput>

const route = 'generations.retake'

/**
 * Makes another take: a new generation of the same text in the same voice, which sounds otherwise; the earlier one stays as it
 * is. Of one that failed or was canceled it is a second try, in which what was spoken already is not spoken again where
 * it is still there: of one that failed, for a day. It is refused for what would refuse a new generation, and is charged as one.
 *
 * @param call whether, and how, this call is told from a repetition of itself.
 * @throws {Refusal} `generation_not_found`, `audio_not_ready` for segments of one that has none to keep, `invalid_input` for
 * segments that it does not have, and all that `createGeneration()` is refused for.
 */
export async function retakeGeneration(
  caller: Caller<'db' | 'actor' | 'engines' | 'hints'>,
  input: RetakeInput,
  call: Repeatable = {},
): Promise<Generation> {
  const { db, actor } = caller
  const userId = permit(actor, 'generations:write')
  const keyId = actor.kind === 'key' ? actor.keyId : null
  const repeatable = readRepeatable(call, route, input, { userId, keyId })
  let wanted: NewGeneration
  try {
    wanted = { ...(await planTake(caller, userId, input)), userId, keyId }
  } catch (error) {
    return earlierAnswer(db, repeatable, error)
  }
  return insertGeneration(caller, wanted, repeatable)
}

async function planTake(
  caller: Caller<'db' | 'engines'>,
  userId: string,
  input: RetakeInput,
): Promise<Omit<NewGeneration, 'userId' | 'keyId'>> {
  const earlier = await findGeneration(caller.db, userId, input.id)
  const kept = input.segments && (await keptSpeech(caller, earlier, input.segments))
  // Where a part of it stays, whoever spoke that speaks the rest.
  const roles = kept ? { asked: earlier, fallback: null } : rolesOf(earlier)
  const { voice, maxCharacters } = await findSpeakingVoice(caller, userId, roles.asked.voice_id)
  const settings: SpeakSettings = { ...roles.asked.settings, ...withoutUndefined(input.settings ?? {}) }
  const { text, title } = earlier
  const normalize = roles.asked.normalized_as !== null
  const isSecondTry = !kept && (earlier.state === 'failed' || earlier.state === 'canceled')
  const seed = input.seed ?? (isSecondTry ? roles.asked.seed : anotherSeed(caller, voice, { text, settings }))
  const request = { text, settings, seed, normalize }
  const plan = async (fallbackVoiceId: string | null) => {
    if (kept) return { speech: await planSpeech(caller, voice, request, maxCharacters, { kept }), fallback: null }
    const own = { ...roles.fallback?.settings, ...withoutUndefined(input.settings ?? {}) }
    const asked = { ...request, voiceId: voice.id, fallbackVoiceId, settings: own }
    return planBoth(
      caller,
      voice,
      request,
      maxCharacters,
      await findFallback(caller, userId, asked, { voice, settings }),
    )
  }
  return {
    voice,
    text,
    title,
    output: toOutputRow(ownOutput(earlier)),
    settings,
    seed,
    ...(await whereItCan(plan, roles.fallback?.voice_id ?? null)),
    take_of: earlier.take_of ?? earlier.id,
    kept_from: kept ? earlier.id : null,
    spoken_anew: kept?.spokenAnew ?? null,
    // Whoever names a seed means what it sounds like. Otherwise it would be the same again where there is no seed to change.
    cache: isSecondTry || typeof input.seed === 'number',
  }
}

/** A seed of the engine's range, where it takes one. */
function anotherSeed(
  { engines }: Caller<'engines'>,
  { engine, engine_voice }: SpeakingVoice,
  request: { readonly text: string; readonly settings: SpeakSettings },
): number | null {
  const seed = randomInt(1, mostSeed)
  const there = engines.get(engine)
  return there && !takesSeed(there, { ...request, voice: engine_voice, seed }) ? null : seed
}

/** @throws {Refusal} `audio_not_ready`, `invalid_input`. */
async function keptSpeech(
  { db }: Caller<'db'>,
  { id, state, text, purged_at }: GenerationRow,
  anew: readonly number[],
): Promise<KeptSpeech & { readonly spokenAnew: number[] }> {
  const mayKeep = state === 'succeeded' || (state === 'failed' && purged_at === null)
  const segments = mayKeep ? await readSegments({ db }, id) : []
  if (!segments.some(isStored)) {
    throw new Refusal(
      'audio_not_ready',
      `This generation has no segments to keep: it is ${state}. Take all of it anew.`,
    )
  }
  const unknown = anew.find((index) => index >= segments.length)
  if (unknown !== undefined) {
    const message = `there is no segment ${unknown}: it has those from 0 to ${segments.length - 1}.`
    throw new Refusal('invalid_input', `segments: ${message}`, { issues: [{ field: 'segments', message }] })
  }
  const asked = new Set(anew)
  const isAnew = (segment: SegmentRow) => asked.has(segment.index) || !isStored(segment)
  return {
    segments: segments.map((segment) => toText(segment, text)),
    spokenAnew: segments.filter(isAnew).map(({ index }) => index),
    keptMs: new Map(
      segments.flatMap((segment) => (isAnew(segment) ? [] : [[segment.index, segment.duration_ms ?? 0]])),
    ),
  }
}

const isStored = ({ state }: SegmentRow): boolean => state === 'stored'

const toText = ({ index, start_offset, end_offset, pause_ms }: SegmentRow, text: string) => ({
  index,
  start: start_offset,
  end: end_offset,
  text: text.slice(start_offset, end_offset),
  pauseMs: pause_ms,
})
