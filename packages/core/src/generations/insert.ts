import type { Db } from '@loqui/db/client'
import type { GenerationRow } from '@loqui/db/schema/generations'
import type { SpeakSettings } from '@loqui/engines/engine'
import { sql } from 'kysely'
import { type BudgetScope, budgetExceeded } from '../budgets/exceeded.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { keyReused } from '../idempotency/refusals.ts'
import type { Once } from '../idempotency/repeatable.ts'
import { newId } from '../ids.ts'
import { jobs } from '../jobs.ts'
import { type QuotaLeft, quotaExceeded } from '../quota/exceeded.ts'
import { consentEnded } from '../voices/refusals.ts'
import { type Generation, toGeneration } from './generation.ts'
import type { OutputRow } from './output.ts'
import type { PlannedSpeech } from './plan-speech.ts'
import type { SpeakingVoice } from './speaking-voice.ts'

/** A generation that is about to be asked for. */
export interface NewGeneration extends Taken {
  readonly userId: string
  readonly keyId: string | null
  readonly voice: SpeakingVoice
  readonly text: string
  readonly title: string | null
  readonly output: OutputRow
  readonly settings: SpeakSettings
  readonly seed: number | null
  readonly speech: PlannedSpeech
}

/** What it has of earlier ones, and in reserve. */
type Taken = Pick<GenerationRow, 'take_of' | 'kept_from' | 'spoken_anew' | 'cache' | 'fallback'>

/**
 * In one round trip to `generation_create()` reserves, inserts and enqueues; then hints. A refusal leaves nothing behind.
 *
 * @throws {Refusal} `consent_required`, `quota_exceeded`, `budget_exceeded`, `idempotency_key_reused`, `idempotency_in_flight`.
 */
export async function insertGeneration(
  { db, hints }: Caller<'db' | 'hints'>,
  wanted: NewGeneration,
  repeatable: Once | undefined,
): Promise<Generation> {
  const { voice, userId } = wanted
  const row = toRow(wanted)
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

/**
 * What an earlier call answered, for one that is refused by now: what could be spoken when it was first asked for has its
 * answer, whatever became of voice or plan since.
 *
 * @throws `error` where there was none; {Refusal} `idempotency_key_reused`.
 */
export async function earlierAnswer(db: Db, repeatable: Once | undefined, error: unknown): Promise<Generation> {
  const earlier = error instanceof Refusal ? await repeatable?.earlier(db) : undefined
  if (earlier === undefined) throw error
  return parseAnswer(earlier)
}

/** The column holds what an earlier call of the same verb answered, as JSON. */
const parseAnswer = (response: string) => JSON.parse(response) as Generation

const toRow = ({ userId, keyId, voice, text, title, output, settings, seed, speech, ...taken }: NewGeneration) => ({
  id: newId(),
  user_id: userId,
  key_id: keyId,
  voice_id: voice.id,
  consent_id: voice.consent_id,
  engine: voice.engine,
  text,
  characters: text.length,
  ...output,
  settings: { ...settings },
  seed,
  pronunciations: speech.pronunciations,
  normalized_as: speech.normalized_as,
  title,
  segments_total: speech.segments.length,
  estimated_ms: speech.expectedMs,
  reserved_ms: speech.maxMs,
  predicted_cost_micros: speech.costMicros,
  cost_held_micros: speech.costMicros,
  ...taken,
})

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
function answerTo(row: ReturnType<typeof toRow>): Generation {
  const generation = toGeneration({
    ...row,
    state: 'queued',
    segments_done: 0,
    segments_cached: 0,
    degraded_at: null,
    fell_back_at: null,
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
