import { z } from 'zod'
import { permit } from '../actor.ts'
import { budgetExceeded, findExceededBudget } from '../budgets/exceeded.ts'
import type { Caller } from '../context.ts'
import { readUsage } from '../usage/queries.ts'
import { createdOutputInput, speechInput } from './create.ts'
import { readOutput } from './output.ts'
import { prepareSpeech } from './prepare-speech.ts'

export const estimateInput = z.strictObject({ ...speechInput, ...createdOutputInput })

/** What a generation would take of the quota, and cost. Lengths are milliseconds of audio. */
export interface Estimate {
  engine: string
  /** Length of the text. */
  characters: number
  /** Sentence-bounded parts that are spoken one by one. */
  segments: number
  /** How long the audio is expected to be. */
  estimatedMs: number
  /** How long it can be at most: what would be held of the quota until it is done. */
  reservedMs: number
  /** Whether that much is left. */
  fits: boolean
  /** What is left now. */
  remainingMs: number
  /** What would be left while it waits and runs; when it does not fit, what is lacking, with a minus. */
  remainingAfterMs: number
  /** What the engine's provider is expected to ask for, in millionths of a dollar. */
  costMicros: number
}

/**
 * Says what a generation would take, and makes none. It is refused for what would refuse the generation, but for the
 * quota, of which `fits` tells.
 *
 * @throws {Refusal} `invalid_input` for a rate or a bit rate that the format does not take, `voice_not_found`,
 * `voice_unavailable`, `consent_required`, `text_empty`, `text_too_long`, `text_not_speakable`, `budget_exceeded`,
 * `scope_missing`, `forbidden`.
 */
export async function estimateGeneration(
  caller: Caller<'db' | 'actor' | 'engines'>,
  input: z.output<typeof estimateInput>,
): Promise<Estimate> {
  const { db, actor } = caller
  const userId = permit(actor, 'generations:write')
  readOutput(input)
  const { voice, speech } = await prepareSpeech(caller, userId, input)
  const [exceeded, { remainingMs }] = await Promise.all([
    findExceededBudget(db, userId, speech.costMicros),
    readUsage(db, userId),
  ])
  if (exceeded !== undefined) throw budgetExceeded(exceeded)
  return {
    engine: voice.engine,
    characters: input.text.length,
    segments: speech.segments.length,
    estimatedMs: speech.expectedMs,
    reservedMs: speech.maxMs,
    fits: speech.maxMs <= remainingMs,
    remainingMs,
    remainingAfterMs: remainingMs - speech.maxMs,
    costMicros: speech.costMicros,
  }
}
