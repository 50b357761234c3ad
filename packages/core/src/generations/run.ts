import { setTimeout as sleep } from 'node:timers/promises'
import type { SegmentRow } from '@loqui/db/schema/generations'
import { EngineError, HandedOver } from '@loqui/engines/engine'
import { StorageError } from '@loqui/storage/storage'
import { sql } from 'kysely'
import pLimit from 'p-limit'
import type { Services } from '../context.ts'
import { type Reason, Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { giveBack } from '../pcm.ts'
import { findRecording } from '../voices/recording.ts'
import { CallsExhausted, isHeardOnce } from './calls.ts'
import { createCover } from './cover.ts'
import { engineWaitMs, isEngineWide } from './engine-wide.ts'
import type { FairSlots } from './fair-slots.ts'
import { fallBack } from './fall-back.ts'
import { cancelUnconsented, giveUp } from './finish.ts'
import { canJoinEarly, joinComing, joinSegments } from './join.ts'
import { findLoss, GenerationOver, LeaseLost, type Leases } from './lease.ts'
import { countLostCalls } from './lost-calls.ts'
import { ownOutput } from './output.ts'
import { audioKey, purgeAttempts } from './purge.ts'
import { purgeRemains } from './purge-remains.ts'
import type { RetryBudget } from './retry-budget.ts'
import { ensureSegments } from './segments.ts'
import { settle } from './settle.ts'
import { speakSegment } from './speak.ts'
import type { Speaker } from './speaker.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** What a worker has beside the services. */
export interface RunContext extends Services {
  /** One limit for the segments of all generations it runs, in which users take turns and no engine takes all. */
  readonly segmentSlots: FairSlots
  readonly retries: RetryBudget
  readonly leases: Leases
  readonly transitions: Transitions
}

/** Segments of one generation in flight or waiting for a slot, so that a book leaves room for a sentence. */
const segmentsPerGeneration = 8

/** With fewer, joining takes no longer than it would take to begin it early. */
const fewestJoinedEarly = 4
/** Generations that are joined while they are made, each of which holds an encoder and a file; others are joined at their end. */
const mostJoinedEarly = 8
let joinedEarly = 0
/** Generations that are joined at their end at the same time: each holds files, and up to 2 MB of audio. */
const mostJoined = 32
const joins = pLimit(mostJoined)

/** What an attempt waits when the store does not answer: longer with each, and never for ever. */
const storeWaitMs = 200
const longestStoreWaitMs = 30_000

/** Claims without a single stored segment in between, after which a generation is not tried again. */
const mostFruitlessAttempts = 5

/**
 * Runs a generation from wherever it stands to its end: claim, segments, engine, storage, join, settle. Killed at any
 * point, another call takes up what is stored. Resolves when there is nothing left to do, also when the generation
 * ended elsewhere; rejects when it should be run again.
 */
export async function runGeneration(
  context: RunContext,
  { generationId }: { generationId: string },
  signal: AbortSignal,
): Promise<void> {
  // Another voice goes on with it at once.
  while ((await runAttempt(context, generationId, signal)) === 'fell_back');
}

async function runAttempt(
  context: RunContext,
  generationId: string,
  signal: AbortSignal,
): Promise<'fell_back' | undefined> {
  const { transitions, hints } = context
  const generation = await transitions.claim(generationId, newId())
  if (!generation) {
    const canceled = await cancelUnconsented(context.db, generationId)
    if (canceled) hints.hint('events', canceled.user_id)
    // It ended, and whoever ended it may have died before it cleared away.
    else await purgeRemains(context, generationId)
    return
  }
  hints.hint('events', generation.user_id)
  using lease = context.leases.hold(generation, signal)
  try {
    if (generation.attempts > 1) await countLostCalls(context, generation)
    if (generation.fruitless_attempts > mostFruitlessAttempts) throw new Hopeless()
    await speakAndSettle(context, generation, lease.signal)
  } catch (error) {
    // What an aborted step throws is whatever it was doing; the signal knows why.
    const cause: unknown = lease.signal.aborted ? lease.signal.reason : error
    if (cause instanceof LeaseLost || cause instanceof GenerationOver) return
    if (signal.aborted) return release(context, generation, signal.reason)
    if (isEngineWide(cause)) {
      if (await fallBack(context, generation, cause)) return 'fell_back'
      if (await waitForEngine(context, generation, cause)) return
    }
    await failOrThrow(context, generation, cause, lease.signal)
  }
}

async function speakAndSettle(context: RunContext, generation: Claimed, signal: AbortSignal): Promise<void> {
  const { log } = context
  const segments = await ensureSegments(context, generation)
  const failed = new AbortController()
  let cause: unknown
  const speaker: Speaker = {
    ...(await findSpeaker(context, generation, segments)),
    ensureWanted() {
      if (cause !== undefined && !isEngineWide(cause)) throw cause
    },
  }
  const fail = (error: unknown) => {
    if (cause === undefined || (isFinal(error) && !isFinal(cause))) cause = error
    // An engine that does not work tells each of them so; what it is at work on may be what finds out that it works again.
    if (isEngineWide(error)) return
    // What cannot be had again is kept, for the next attempt or a retake: it is paid in any case.
    if (isHeardOnce(speaker.engine)) return
    // Where another attempt goes on, it follows what the others have asked for.
    failed.abort(isFinal(error) ? error : new HandedOver('another segment failed for now', { cause: error }))
  }
  // One for all of them: what lives as long as the attempt would keep something of each.
  const until = AbortSignal.any([signal, failed.signal])
  const slots = pLimit(segmentsPerGeneration)
  const speaking = segments.map(async (segment) =>
    segment.state === 'stored'
      ? segment
      : slots(() =>
          context.segmentSlots({ user: generation.user_id, engine: generation.engine }, async (leave) => {
            until.throwIfAborted()
            if (cause !== undefined) throw cause
            const { bytes, ...row } = await speakSegment(context, generation, segment, speaker, until, leave)
            // What is short is joined from memory; a book has to be read again.
            if (bytes && segments.length === 1) return { ...row, bytes }
            if (bytes) giveBack(bytes)
            return row
          }),
        ).catch((error: unknown) => {
          fail(error)
          throw error
        }),
  )
  const output = ownOutput(generation)
  const key = audioKey(generation.id, generation.attempt, output.format)
  const tags = { title: generation.title, voice: generation.voice_name }
  const isEarly = canJoinEarly(output) && segments.length >= fewestJoinedEarly && joinedEarly < mostJoinedEarly
  const joining = isEarly ? joinEarly() : undefined
  joining?.catch(fail)

  // All of them have to end before the attempt does: one still running would write after it.
  const results = await Promise.allSettled(speaking)
  const stored = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  if (stored.length < segments.length) {
    await Promise.allSettled([joining])
    throw cause
  }
  const audio = await (joining ?? joins(() => joinSegments(context, key, stored, output, tags, signal)))
  await settle(context, generation, audio)
  // A first attempt has nobody's remains to clear away but its own, of which there are none.
  if (generation.attempts === 1) return
  const kept = [audio.key, ...stored.flatMap(({ audio_key }) => audio_key ?? [])]
  await purgeAttempts(context, generation.id, kept).catch((error: unknown) => {
    log.warn({ error, generationId: generation.id }, 'objects of earlier attempts are left behind')
  })

  async function joinEarly() {
    joinedEarly++
    try {
      return await joinComing(context, key, speaking, output, tags, until)
    } finally {
      joinedEarly--
    }
  }
}

async function findSpeaker(
  context: RunContext,
  generation: Claimed,
  segments: readonly SegmentRow[],
): Promise<Omit<Speaker, 'ensureWanted'>> {
  const engine = context.engines.get(generation.engine)
  if (!engine) throw new Error(`this worker has no engine “${generation.engine}”`)
  const needs = generation.consent_id === null ? null : (engine.cloning?.reference ?? null)
  const reference = needs ? await findRecording(context, generation.voice_id, needs) : undefined
  return { engine, reference, cover: createCover(context.transitions, generation, segments, engine) }
}

/** Whether an error ends the generation, rather than this attempt at it. */
const isFinal = (error: unknown) =>
  error instanceof GenerationOver || (!isEngineWide(error) && judge(error) !== undefined)

/** What waits so long for its engine waits in vain. In milliseconds. */
const mostDegradedMs = 24 * 3_600_000

/**
 * Gives the attempt up where the engine does not work: that is no sign of a bad text. Nothing is charged, and the sweep
 * gives the generation on when the engine has been left alone long enough.
 *
 * @returns false when it has waited long enough: then it fails.
 */
async function waitForEngine(
  { db, hints, log }: RunContext,
  generation: Claimed,
  error: EngineError,
): Promise<boolean> {
  const { id, attempt, degraded_at, engine, user_id } = generation
  if (degraded_at !== null && Date.now() - degraded_at.getTime() > mostDegradedMs) return false
  const waitMs = engineWaitMs(error)
  log.warn({ error, generationId: id, engine, waitMs }, 'an engine does not work; what is to be spoken waits')
  await sql`select generation_wait(${id}, ${attempt}, ${waitMs} * interval '1 millisecond')`.execute(db)
  hints.hint('events', user_id)
  return true
}

/** Why a generation is not worth another attempt. */
class Hopeless extends Error {
  override readonly name = 'Hopeless'

  constructor() {
    super(`${mostFruitlessAttempts} attempts in a row stored nothing`)
  }
}

/** Fails the generation where another attempt would end the same way, else lets the queue give it to another attempt. */
async function failOrThrow(
  context: RunContext,
  generation: Claimed,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  if (error instanceof StorageError && error.code === 'unavailable') {
    // Whoever ended it has removed what was being written, too, and may have been quicker than the news of it.
    if (await findLoss(context.db, generation)) return
    const waitMs = Math.min(longestStoreWaitMs, storeWaitMs * generation.attempts)
    context.log.warn({ error, generationId: generation.id, waitMs }, 'the store does not answer; an attempt waits')
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    return release(context, generation, error)
  }
  const verdict = judge(error)
  context.log.error({ error, generationId: generation.id, attempt: generation.attempt }, 'an attempt failed')
  if (!verdict) {
    // A wait that is cut short is no news; what was waited for is.
    await sleep(1_000 * generation.fruitless_attempts, undefined, { signal }).catch(() => undefined)
    throw error
  }
  const failed = await giveUp(context.db, generation.id, { state: 'failed', attempt: generation.attempt, ...verdict })
  if (!failed) return
  context.hints.hint('events', generation.user_id)
  await purgeRemains(context, generation.id).catch((error: unknown) => {
    context.log.warn({ error, generationId: generation.id }, 'audio of a failed generation is left to the sweep')
  })
}

function judge(error: unknown): { reason: Reason; message: string } | undefined {
  if (error instanceof Hopeless) {
    return { reason: 'internal', message: `Loqui tried this ${mostFruitlessAttempts} times and could not finish it.` }
  }
  if (error instanceof EngineError && error.code === 'invalid_input') {
    return { reason: 'invalid_input', message: `${error.message} Nothing was charged.` }
  }
  if (error instanceof EngineError || error instanceof CallsExhausted) {
    return { reason: 'engine_failed', message: 'The engine could not speak this text. Nothing was charged.' }
  }
  if (error instanceof Refusal && error.reason === 'budget_exceeded') {
    return { reason: error.reason, message: `${error.message} Nothing was charged.` }
  }
  if (error instanceof StorageError && error.code === 'full') {
    return { reason: 'storage_full', message: 'There is no room left to store the audio. Nothing was charged.' }
  }
  return undefined
}

/** A worker that stops, or a store that is out, is no sign of a bad text: the attempt does not count, and the queue gives the job on at once. */
async function release({ db }: RunContext, { id, attempt }: Claimed, cause: unknown): Promise<never> {
  await sql`select generation_release(${id}, ${attempt})`.execute(db)
  throw cause
}
