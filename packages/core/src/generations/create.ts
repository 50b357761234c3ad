import type { GenerationRow } from '@loqui/db/schema/generations'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import { type BudgetScope, budgetExceeded } from '../budgets/exceeded.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { keyReused } from '../idempotency/refusals.ts'
import { type Repeatable, readRepeatable } from '../idempotency/repeatable.ts'
import { newId } from '../ids.ts'
import { jobs } from '../jobs.ts'
import { type QuotaLeft, quotaExceeded } from '../quota/exceeded.ts'
import { voiceReferenceSchema } from '../voices/reference.ts'
import { consentEnded } from '../voices/refusals.ts'
import { speakSettingsSchema } from '../voices/settings.ts'
import { type Generation, toGeneration } from './generation.ts'
import { type OutputRow, outputInput, readOutput, toOutputRow } from './output.ts'
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
}

/** How its audio is to be made. */
export const createdOutputInput = { ...outputInput, format: outputInput.format.default('mp3') }

export const createGenerationInput = z.strictObject({
  ...speechInput,
  ...createdOutputInput,
  title: z.string().trim().min(1).max(200).nullish(),
})

const route = 'generations.create'

/**
 * Takes a text to be spoken: permit, voice, check, then in one round trip to `generation_create()` reserve, insert and
 * enqueue; then hint. A refusal leaves nothing behind.
 *
 * @param call whether, and how, this call is told from a repetition of itself.
 * @throws {Refusal} `invalid_input` for a rate or a bit rate that the format does not take, `voice_not_found`,
 * `voice_unavailable`, `consent_required`, `text_empty`, `text_too_long`, `text_not_speakable`, `quota_exceeded`,
 * `budget_exceeded`, `idempotency_key_reused`, `idempotency_in_flight`.
 */
export async function createGeneration(
  caller: Caller<'db' | 'actor' | 'engines' | 'hints'>,
  input: z.output<typeof createGenerationInput>,
  call: Repeatable = {},
): Promise<Generation> {
  const { db, actor, hints } = caller
  const userId = permit(actor, 'generations:write')
  const output = readOutput(input)
  const keyId = actor.kind === 'key' ? actor.keyId : null
  const repeatable = readRepeatable(call, route, input, { userId, keyId })
  const prepared = await prepareSpeech(caller, userId, input).catch(async (error: unknown) => {
    // What could be spoken when it was first asked for has its answer, whatever became of voice or plan since.
    const earlier = error instanceof Refusal ? await repeatable?.earlier(db) : undefined
    if (earlier === undefined) throw error
    return earlier
  })
  if (typeof prepared === 'string') return parseAnswer(prepared)
  const { voice, settings, speech } = prepared
  const row: NewGeneration = {
    id: newId(),
    user_id: userId,
    key_id: keyId,
    voice_id: voice.id,
    consent_id: voice.consent_id,
    engine: voice.engine,
    text: input.text,
    characters: input.text.length,
    ...toOutputRow(output),
    settings: { ...settings },
    seed: input.seed ?? null,
    title: input.title ?? null,
    segments_total: speech.segments.length,
    estimated_ms: speech.expectedMs,
    reserved_ms: speech.maxMs,
    predicted_cost_micros: speech.costMicros,
    cost_held_micros: speech.costMicros,
  }
  const answer = answerTo(row)
  const { rows } = await sql<CreateRow>`
    select outcome, detail, response, created_at, granted_ms, remaining_ms,
      extract(epoch from period_end - period_start)::integer as period_seconds,
      ceil(extract(epoch from period_end - clock_timestamp()))::integer as wait_seconds
    from generation_create(jsonb_populate_record(null::generation, ${JSON.stringify(row)}::jsonb), ${jobs.runGeneration.name},
      ${repeatable?.route ?? null}, ${repeatable?.key ?? null}, ${repeatable?.hash ?? null}, ${repeatable?.keep ?? null}::interval,
      ${repeatable?.anew ?? null}, ${repeatable ? JSON.stringify(answer) : null})
  `
    .execute(db)
    .catch((error: unknown) => {
      throw repeatable ? repeatable.explain(error) : error
    })
  const [created] = rows
  switch (created?.outcome) {
    case 'created':
      hints.hint('work', jobs.runGeneration.name)
      hints.hint('events', userId)
      return { ...answer, createdAt: created.created_at.toISOString() }
    case 'replayed':
      return parseAnswer(created.response)
    case 'key_reused':
      throw keyReused()
    case 'consent_required':
      // It was there a moment ago.
      throw consentEnded('voiceId', voice.name)
    case 'quota_exceeded':
      throw quotaExceeded(row.reserved_ms, created)
    case 'budget_exceeded':
      throw budgetExceeded(created.detail)
    default:
      throw new Error('generation_create() answered nothing')
  }
}

/** The column holds what an earlier call of this verb answered, as JSON. */
const parseAnswer = (response: string) => JSON.parse(response) as Generation

type NewGeneration = Pick<
  GenerationRow,
  | 'id'
  | 'user_id'
  | 'key_id'
  | 'voice_id'
  | 'consent_id'
  | 'engine'
  | 'text'
  | 'characters'
  | keyof OutputRow
  | 'settings'
  | 'seed'
  | 'title'
  | 'segments_total'
  | 'estimated_ms'
  | 'reserved_ms'
  | 'predicted_cost_micros'
  | 'cost_held_micros'
>

/** What `generation_create()` answers: which of these are there depends on the outcome. */
type CreateRow =
  | { outcome: 'created'; created_at: Date }
  | { outcome: 'replayed'; response: string }
  | { outcome: 'key_reused' }
  | { outcome: 'consent_required' }
  | ({ outcome: 'quota_exceeded' } & QuotaLeft)
  | { outcome: 'budget_exceeded'; detail: BudgetScope }

/**
 * The generation as it will be once it is created, but for the moment of its creation, in whose place stands what
 * `generation_create()` replaces by it. Nobody can have put that into a text: the id is made after the text was sent.
 */
function answerTo(row: NewGeneration): Generation {
  const generation = toGeneration({
    ...row,
    state: 'queued',
    segments_done: 0,
    degraded_at: null,
    duration_ms: null,
    charged_ms: null,
    actual_cost_micros: 0,
    error_reason: null,
    error_message: null,
    created_at: new Date(0),
    started_at: null,
    finished_at: null,
  })
  return { ...generation, createdAt: `${row.id}@created` }
}
