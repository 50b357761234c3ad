import { createBatcher } from '@loqui/db/batch'
import type { Db } from '@loqui/db/client'
import type { GenerationRow, SegmentRow } from '@loqui/db/schema/generations'
import { type RawBuilder, sql } from 'kysely'
import type { BudgetScope } from '../budgets/exceeded.ts'
import type { TextSegment } from '../text/split.ts'

/** A generation that an attempt holds: from now on only writes that carry its token count. */
export type Claimed = GenerationRow & {
  readonly attempt: string
  /** The engine's own name of its voice. */
  readonly engine_voice: string
  /** What people call its voice. */
  readonly voice_name: string
  /** What its voice speaks, BCP 47. */
  readonly voice_language: string
}

/** A segment whose audio is kept. */
export type NewAudio = Pick<
  SegmentRow,
  | 'generation_id'
  | 'index'
  | 'audio_key'
  | 'audio_bytes'
  | 'audio_sha256'
  | 'samples'
  | 'sample_rate'
  | 'duration_ms'
  | 'actual_cost_micros'
  | 'flaws'
> & { readonly attempt: string }

export interface Success {
  readonly id: string
  readonly attempt: string
  readonly durationMs: number
  /** Something is held of the budgets for it. */
  readonly costly: boolean
  readonly audio: { readonly key: string; readonly bytes: number; readonly sha256: string }
}

/**
 * What happens to a generation on its way through a worker, each step fenced by the attempt's token and whole in itself.
 * Steps of generations that run at the same time share round trips: they are made many at once, under locks taken in an
 * order that no two batches can tangle.
 */
export interface Transitions {
  /** Takes a generation for `attempt`, from whoever held it before; `undefined` when it has ended, or may not be spoken. */
  claim(id: string, attempt: string): Promise<Claimed | undefined>
  /** Writes the segments of a generation. False when the attempt lost it. @param submitted announces them too. */
  begin(claimed: Claimed, segments: readonly TextSegment[], submitted: boolean): Promise<boolean>
  /**
   * Announces that a segment is being synthesized. False when the attempt lost, the segment is stored already, or the
   * consent to the voice has ended.
   */
  submit(claimed: Claimed, index: number): Promise<boolean>
  /** Keeps a segment's audio. False when the attempt lost; what it cost is written down all the same. */
  store(audio: NewAudio): Promise<boolean>
  /**
   * Sees to it that `micros` are held of the budgets for what is not spoken yet; tells whose budget it is that does not
   * suffice.
   */
  cover(claimed: Claimed, micros: number): Promise<'covered' | 'lost' | BudgetScope>
  /** Writes down what an attempt had to pay for audio that it did not get. */
  spend(claimed: Claimed, micros: number): Promise<void>
  /** Charges, releases the rest and makes the generation succeed. False when the attempt lost. */
  succeed(success: Success): Promise<boolean>
}

/** Transitions of one kind in one statement. */
const most = 50

export function createTransitions(db: Db): Transitions {
  const claim = createBatcher(async (calls: readonly { id: string; attempt: string }[]) => {
    const ids = calls.map(({ id }) => id)
    const attempts = calls.map(({ attempt }) => attempt)
    const { rows } = await sql<Claimed>`
      select g.*, voice.engine_voice, voice.name as voice_name,
        voice.language as voice_language
      from generations_claim(${ids}::uuid[], ${attempts}::uuid[]) g
      join voice on voice.id = g.voice_id
    `.execute(db)
    const claimed = new Map(rows.map((row) => [row.attempt, row]))
    return attempts.map((attempt) => claimed.get(attempt))
  }, most)

  const begin = createBatcher(
    (calls: readonly object[]) => booleans(db, sql`generations_begin(${JSON.stringify(calls)}::jsonb)`),
    most,
  )

  const submit = createBatcher(async (calls: readonly { id: string; index: number; attempt: string }[]) => {
    const { rows } = await sql<{ held: boolean }>`
      select segment_submit(t.id, t.index, t.attempt) as held
      from unnest(${calls.map(({ id }) => id)}::uuid[], ${calls.map(({ index }) => index)}::integer[],
        ${calls.map(({ attempt }) => attempt)}::uuid[]) with ordinality t (id, index, attempt, number) order by t.number
    `.execute(db)
    return rows.map(({ held }) => held)
  }, most)

  const store = createBatcher(
    (audios: readonly NewAudio[]) => booleans(db, sql`segments_store(${JSON.stringify(audios)}::jsonb)`),
    most,
  )

  const succeed = createBatcher(async (all: readonly Success[]) => {
    const { rows } = await sql<{ id: string }>`
      select * from generations_succeed(${all.map(({ id }) => id)}::uuid[], ${all.map(({ attempt }) => attempt)}::uuid[],
        ${all.map(({ durationMs }) => durationMs)}::bigint[], ${all.map(({ audio }) => audio.key)}::text[],
        ${all.map(({ audio }) => audio.bytes)}::bigint[], ${all.map(({ audio }) => audio.sha256)}::text[]) t (id)
    `.execute(db)
    const succeeded = new Set(rows.map(({ id }) => id))
    return all.map(({ id }) => succeeded.has(id))
  }, most)

  return {
    claim: (id, attempt) => claim({ id, attempt }),
    begin: ({ id, attempt }, segments, submitted) =>
      begin({
        generation: id,
        attempt,
        submitted,
        segments: segments.map(({ index, start, end, pauseMs }) => ({
          index,
          start_offset: start,
          end_offset: end,
          pause_ms: pauseMs,
        })),
      }),
    // Asked under a lock on the generation's row, which a batch takes in an order of its own: by itself.
    submit: ({ id, attempt, consent_id }, index) =>
      consent_id === null ? submit({ id, attempt, index }) : submitConsented(db, { id, attempt, index }),
    // Money is counted under locks of its own, which would come in another order than a batch takes: by itself.
    store: (audio) => (audio.actual_cost_micros === 0 ? store(audio) : storeAlone(db, audio)),
    async cover({ id, attempt }, micros) {
      const { rows } = await sql<{ outcome: 'covered' | 'lost' | BudgetScope }>`
        select cost_cover(${id}, ${attempt}, ${micros}) as outcome
      `.execute(db)
      return rows[0]?.outcome ?? 'lost'
    },
    async spend({ id, attempt }, micros) {
      await sql`select cost_spend(${id}, ${attempt}, ${micros})`.execute(db)
    },
    succeed: (success) => (success.costly ? succeedAlone(db, success) : succeed(success)),
  }
}

async function submitConsented(
  db: Db,
  { id, attempt, index }: { readonly id: string; readonly attempt: string; readonly index: number },
): Promise<boolean> {
  const [held] = await booleans(db, sql`segment_submit_consented(${id}, ${index}, ${attempt})`)
  return held === true
}

async function storeAlone(db: Db, audio: NewAudio): Promise<boolean> {
  const [kept] = await booleans(
    db,
    sql`segment_store(jsonb_populate_record(null::segment, ${JSON.stringify(audio)}::jsonb))`,
  )
  return kept === true
}

async function succeedAlone(db: Db, { id, attempt, durationMs, audio }: Success): Promise<boolean> {
  const { rows } = await sql`
    select from generation_succeed(${id}, ${attempt}, ${durationMs}, ${audio.key}, ${audio.bytes}, ${audio.sha256}) g
    where g.id is not null
  `.execute(db)
  return rows.length > 0
}

async function booleans(db: Db, source: RawBuilder<unknown>): Promise<boolean[]> {
  const { rows } = await sql<{ value: boolean }>`select value from ${source} t (value)`.execute(db)
  return rows.map(({ value }) => value)
}
