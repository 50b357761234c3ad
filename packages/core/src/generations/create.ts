import { audioFormats } from '@loqui/audio/format'
import type { Trx } from '@loqui/db/client'
import type { GenerationRow } from '@loqui/db/schema/generations'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { idempotent } from '../idempotency/idempotent.ts'
import { idSchema, newId } from '../ids.ts'
import { jobs } from '../jobs.ts'
import { findVoice } from '../voices/queries.ts'
import { type Generation, toGeneration } from './generation.ts'
import { planSpeech } from './plan-speech.ts'

export const createGenerationInput = z.strictObject({
  text: z.string().refine((text) => text.isWellFormed() && !text.includes('\0'), {
    message: 'must be well-formed Unicode without NUL characters',
  }),
  voiceId: idSchema('voice'),
  format: z.enum(audioFormats).default('mp3'),
  settings: z
    .strictObject({
      /** Pace against the voice's own. */
      speed: z.number().min(0.25).max(4).optional(),
      /** In semitones. */
      pitch: z.number().min(-12).max(12).optional(),
    })
    .default({}),
  title: z.string().trim().min(1).max(200).nullish(),
})

/**
 * Takes a text to be spoken: permit, voice, check, then reserve, insert and enqueue in one transaction; then hint.
 * A refusal leaves nothing behind.
 *
 * @param options.idempotencyKey with the same key and input, the first answer is given again and nothing is made.
 * @throws {Refusal} `voice_not_found`, `voice_unavailable`, `text_empty`, `text_too_long`, `text_not_speakable`,
 * `quota_exceeded`, `idempotency_key_reused`, `idempotency_in_flight`.
 */
export async function createGeneration(
  caller: Caller<'db' | 'actor' | 'engines' | 'queue' | 'hints'>,
  input: z.output<typeof createGenerationInput>,
  options: { readonly idempotencyKey?: string | undefined } = {},
): Promise<Generation> {
  const { db, actor, queue, hints } = caller
  const userId = permit(actor, 'generations:write')
  const { idempotencyKey } = options

  const make = async (trx: Trx): Promise<Generation> => {
    const voice = await findVoice(trx, userId, input.voiceId, 'voiceId')
    const plan = await trx
      .selectFrom('account')
      .innerJoin('plan', 'plan.id', 'account.plan_id')
      .select('plan.max_characters')
      .where('account.id', '=', userId)
      .executeTakeFirstOrThrow()
    const speech = planSpeech(caller, voice, input, plan.max_characters)
    const row = await reserveAndInsert(trx, {
      id: newId(),
      user_id: userId,
      key_id: actor.kind === 'key' ? actor.keyId : null,
      voice_id: voice.id,
      engine: voice.engine,
      text: input.text,
      characters: input.text.length,
      format: input.format,
      settings: input.settings,
      title: input.title ?? null,
      segments_total: speech.segments.length,
      estimated_ms: speech.expectedMs,
      reserved_ms: speech.maxMs,
      predicted_cost_micros: speech.costMicros,
    })
    await queue.enqueue(trx, jobs.runGeneration, { generationId: row.id }, { group: userId })
    return toGeneration(row)
  }

  const generation = await transaction(db, (trx) =>
    idempotencyKey === undefined
      ? make(trx)
      : idempotent(trx, { userId, route: 'generations.create', key: idempotencyKey, request: input }, () => make(trx)),
  )
  hints.hint('work', jobs.runGeneration.name)
  hints.hint('events', userId)
  return generation
}

type NewGeneration = Pick<
  GenerationRow,
  | 'id'
  | 'user_id'
  | 'key_id'
  | 'voice_id'
  | 'engine'
  | 'text'
  | 'characters'
  | 'format'
  | 'settings'
  | 'title'
  | 'segments_total'
  | 'estimated_ms'
  | 'reserved_ms'
  | 'predicted_cost_micros'
>

/** One round trip to `generation_create()`, which takes the quota lock. */
async function reserveAndInsert(trx: Trx, generation: NewGeneration): Promise<GenerationRow> {
  const { rows } = await sql<GenerationRow & { was_created: boolean; remaining_ms: number }>`
    select c.created as was_created,
      (c.account).granted_ms - (c.account).used_ms - (c.account).reserved_ms as remaining_ms,
      (c.generation).*
    from generation_create(jsonb_populate_record(null::generation, ${JSON.stringify(generation)}::jsonb)) c
  `.execute(trx)
  const [row] = rows
  if (!row?.was_created) {
    throw new Refusal(
      'quota_exceeded',
      `This text needs up to ${seconds(generation.reserved_ms)} s of audio, and ${seconds(row?.remaining_ms ?? 0)} s are left in this period.`,
    )
  }
  return row
}

const seconds = (ms: number) => (ms / 1000).toFixed(1)
