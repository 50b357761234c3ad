import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../client.ts'
import type { GenerationRow } from '../schema/generations.ts'
import type { QuotaAccountRow } from '../schema/quota.ts'

/** An account of its own plan, with a voice: what a reservation needs. */
export interface LedgerAccount {
  readonly userId: string
  readonly planId: string
  readonly voiceId: string
}

export async function newAccount(db: Db, secondsPerMonth = 100): Promise<LedgerAccount> {
  const [userId, voiceId] = [randomUUID(), randomUUID()]
  const planId = `plan-${userId.slice(0, 18)}`
  await db
    .insertInto('plan')
    .values({
      id: planId,
      name: planId,
      seconds_per_month: secondsPerMonth,
      requests_per_minute: 60,
      concurrency: 4,
      storage_bytes: 0,
      max_characters: 1000,
    })
    .execute()
  await db
    .insertInto('account')
    .values({
      id: userId,
      email: `${userId}@example.com`,
      name: null,
      password_hash: '',
      plan_id: planId,
      disabled_at: null,
    })
    .execute()
  await db
    .insertInto('voice')
    .values({
      id: voiceId,
      engine: 'test',
      engine_voice: voiceId,
      name: 'Test',
      gender: 'neutral',
      language: 'en',
    })
    .execute()
  return { userId, planId, voiceId }
}

export interface NewGeneration {
  readonly reservedMs: number
  readonly segments?: number
  readonly cost?: number
  /** The name of its job, if a worker is to run it. */
  readonly job?: string
  /** Of idempotency: two calls with one key are one call, if they reserve the same. */
  readonly key?: string
}

/** What `generation_create()` answers. */
export interface CreateAnswer {
  readonly id: string
  readonly outcome: 'created' | 'replayed' | 'key_reused' | 'quota_exceeded' | 'budget_exceeded'
  readonly detail: string | null
  readonly response: string | null
  readonly remaining_ms: number | null
  readonly period_end: Date | null
}

/** Reserves and inserts as `createGeneration` does. */
export async function tryGeneration(
  db: Db,
  { userId, voiceId }: LedgerAccount,
  { reservedMs, segments = 1, cost = 0, job = 'none', key }: NewGeneration,
): Promise<CreateAnswer> {
  const id = randomUUID()
  const row = {
    id,
    user_id: userId,
    voice_id: voiceId,
    engine: 'test',
    text: 'Words.',
    characters: 6,
    format: 'wav',
    sample_rate: 24_000,
    settings: {},
    segments_total: segments,
    estimated_ms: reservedMs,
    reserved_ms: reservedMs,
    predicted_cost_micros: cost,
  }
  const hash = Buffer.from(String(reservedMs))
  const answer = JSON.stringify({ id, createdAt: `${id}@created` })
  const { rows } = await sql<Omit<CreateAnswer, 'id'>>`
    select outcome, detail, response, remaining_ms, period_end
      from generation_create(jsonb_populate_record(null::generation, ${JSON.stringify(row)}::jsonb), ${job}, 'test',
        ${key ?? null}, ${hash}, interval '1 day', false, ${answer})
  `.execute(db)
  const [created] = rows
  if (!created) throw new Error('generation_create() answered nothing')
  return { id, ...created }
}

/** The id of what came to be, or `undefined` where it did not fit. */
export async function newGeneration(
  db: Db,
  account: LedgerAccount,
  wanted: NewGeneration,
): Promise<string | undefined> {
  const { id, outcome } = await tryGeneration(db, account, wanted)
  return outcome === 'created' ? id : undefined
}

/** The segments of a generation, unless it has them. */
export async function newSegments(db: Db, generationId: string, count: number): Promise<void> {
  await sql`
    insert into segment (generation_id, index, start_offset, end_offset, pause_ms)
    select ${generationId}, i, i, i + 1, 0 from generate_series(0, ${count - 1}) i on conflict do nothing
  `.execute(db)
}

/** Claims for a new attempt; its token, or `undefined` where the generation has ended. */
export async function claim(db: Db, id: string): Promise<string | undefined> {
  const attempt = randomUUID()
  const { rows } = await sql`select from generation_claim(${id}, ${attempt}) g where g.id is not null`.execute(db)
  return rows.length > 0 ? attempt : undefined
}

/** The same for several in one statement, in their order. */
export async function claimTogether(db: Db, ids: readonly string[]): Promise<(string | undefined)[]> {
  const attempts = ids.map(() => randomUUID())
  const { rows } = await sql<{ attempt: string }>`
    select attempt from generations_claim(${ids}::uuid[], ${attempts}::uuid[])
  `.execute(db)
  const taken = new Set(rows.map(({ attempt }) => attempt))
  return attempts.map((attempt) => (taken.has(attempt) ? attempt : undefined))
}

/** Stores the only segment of a generation and settles. Whether this call was the one that made it succeed. */
export async function succeed(db: Db, id: string, attempt: string, durationMs: number): Promise<boolean> {
  await storeOnly(db, id, attempt)
  const { rows } = await sql`
    select from generation_succeed(${id}, ${attempt}, ${durationMs}, ${`${id}/${attempt}`}, 1, 'sha') g where g.id is not null
  `.execute(db)
  return rows.length > 0
}

/** The same for several in one statement: the ids of those that this call made succeed. */
export async function succeedTogether(
  db: Db,
  all: readonly { readonly id: string; readonly attempt: string; readonly durationMs: number }[],
): Promise<string[]> {
  for (const { id, attempt } of all) await storeOnly(db, id, attempt)
  const ids = all.map(({ id }) => id)
  const attempts = all.map(({ attempt }) => attempt)
  const { rows } = await sql<{ id: string }>`
    select id from generations_succeed(${ids}::uuid[], ${attempts}::uuid[], ${all.map(({ durationMs }) => durationMs)}::bigint[],
      ${attempts}::text[], ${all.map(() => 1)}::bigint[], ${all.map(() => 'sha')}::text[]) t (id)
  `.execute(db)
  return rows.map(({ id }) => id)
}

async function storeOnly(db: Db, id: string, attempt: string): Promise<void> {
  await newSegments(db, id, 1)
  await submitSegment(db, id, 0, attempt)
  await storeSegment(db, id, 0, attempt)
}

/** Whether this call was the one that ended it. */
export async function fail(db: Db, id: string, attempt: string): Promise<boolean> {
  const { rows } = await sql`
    select from generation_give_up(${id}, ${attempt}, 'failed', 'internal', 'No.') g where g.id is not null
  `.execute(db)
  return rows.length > 0
}

/** Whether this call was the one that ended it. */
export async function cancel(db: Db, id: string): Promise<boolean> {
  const { rows } = await sql`
    select from generation_give_up(${id}, null, 'canceled', null, null) g where g.id is not null
  `.execute(db)
  return rows.length > 0
}

export function submitSegment(db: Db, id: string, index: number, attempt: string): Promise<boolean> {
  return sql<{ held: boolean }>`select held from segment_submit(${id}, ${index}, ${attempt}, null, null)`
    .execute(db)
    .then(({ rows }) => rows[0]?.held === true)
}

/** @param cost what the provider asked for it. */
export function storeSegment(db: Db, id: string, index: number, attempt: string, cost = 0): Promise<boolean> {
  const row = segmentRow(id, index, attempt, cost)
  return sql<{ kept: boolean }>`
    select segment_store(jsonb_populate_record(null::segment, ${JSON.stringify(row)}::jsonb)) as kept
  `
    .execute(db)
    .then(({ rows }) => rows[0]?.kept === true)
}

/** What there is to store of a segment. */
export const segmentRow = (id: string, index: number, attempt: string, cost = 0) => ({
  generation_id: id,
  index,
  attempt,
  audio_key: `${id}/${attempt}/${index}`,
  audio_bytes: 2,
  audio_sha256: 'sha',
  samples: 1,
  sample_rate: 24_000,
  duration_ms: 0,
  actual_cost_micros: cost,
})

export function generation(db: Db, id: string): Promise<GenerationRow> {
  return db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

/** The balances of an account, oldest period first. */
export function balances(
  db: Db,
  { userId }: LedgerAccount,
): Promise<Omit<QuotaAccountRow, 'user_id' | 'adjusted_ms' | 'last_turn'>[]> {
  return db
    .selectFrom('quota_account')
    .select(['period_start', 'period_end', 'granted_ms', 'used_ms', 'reserved_ms'])
    .where('user_id', '=', userId)
    .orderBy('period_start')
    .execute()
}
