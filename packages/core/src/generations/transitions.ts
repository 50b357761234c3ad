import { createBatcher } from '@loqui/db/batch'
import type { Db } from '@loqui/db/client'
import type { CallOutcome } from '@loqui/db/schema/calls'
import type { GenerationRow, SegmentRow } from '@loqui/db/schema/generations'
import { type RawBuilder, sql } from 'kysely'
import type { BudgetScope } from '../budgets/exceeded.ts'
import type { TextSegment } from '../text/split.ts'
import type { Lookup, Source } from './cached.ts'
import type { Unneeded } from './cover.ts'

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
  | 'content_hash'
  | 'cached'
> & { readonly attempt: string }

/** Whether a segment was announced, and what there is already that answers it. */
export interface Submitted {
  /** False when the attempt lost, the segment is stored already, or the consent to the voice has ended. */
  readonly held: boolean
  readonly source: Source | undefined
}

export interface Success {
  readonly id: string
  readonly attempt: string
  readonly durationMs: number
  /** Something is held of the budgets for it. */
  readonly costly: boolean
  readonly audio: { readonly key: string; readonly bytes: number; readonly sha256: string }
}

/** A call of a provider that is about to be made for a segment. */
export interface NewCall {
  readonly mark: string
  readonly index: number
  /** By which it is found where its id is lost. */
  readonly request: object
  /** Calls of this segment, but for those that were refused. */
  readonly most: number
  /** To be held of the budgets while it is made, for what is not spoken yet. */
  readonly micros: number
}

/**
 * Whether a call may be made: not by an attempt that is lost, without what it may cost, or more often than `most`, where
 * `unknown` says that one of the others may yet be found.
 */
export type Announced = 'announced' | 'lost' | 'uncovered' | 'unknown' | 'exhausted'

/** How a call ended. */
export interface CallEnd {
  readonly mark: string
  readonly outcome: CallOutcome
  readonly costMicros: number
}

/**
 * What happens to a generation on its way through a worker, each step fenced by the attempt's token and whole in itself.
 * Steps of generations that run at the same time share round trips: they are made many at once, under locks taken in an
 * order that no two batches can tangle.
 */
export interface Transitions {
  /** Takes a generation for `attempt`, from whoever held it before; `undefined` when it has ended, or may not be spoken. */
  claim(id: string, attempt: string): Promise<Claimed | undefined>
  /** Writes the segments of a generation. @param first announces the only one too. */
  begin(
    claimed: Claimed,
    segments: readonly Pick<TextSegment, 'index' | 'start' | 'end' | 'pauseMs'>[],
    first: { readonly submitted: boolean; readonly lookup: Lookup | undefined },
  ): Promise<Submitted>
  /** Announces that a segment is being synthesized. @param lookup what to look for that answers it. */
  submit(claimed: Claimed, index: number, lookup?: Lookup): Promise<Submitted>
  /**
   * Keeps a segment's audio. False when the attempt lost; what it cost is written down all the same.
   *
   * @param unneeded is released of the budgets.
   */
  store(audio: NewAudio, unneeded?: Unneeded): Promise<boolean>
  /**
   * Sees to it that `micros` are held of the budgets for what is not spoken yet; tells whose budget it is that does not
   * suffice.
   */
  cover(claimed: Claimed, micros: number): Promise<'covered' | 'lost' | BudgetScope>
  /** Writes down that a provider is about to be asked. */
  announce(claimed: Claimed, call: NewCall): Promise<Announced>
  /**
   * Writes down by which id the provider knows a call, which is open again where it was taken for refused. False when the id is
   * another call's, or the call has another.
   */
  accept(mark: string, providerId: string): Promise<boolean>
  /** Writes down how a call ended, and what it cost: also for an attempt that is lost. None is refused that was accepted. */
  endCall(claimed: Claimed, end: CallEnd): Promise<void>
  /** Writes down what an attempt had to pay for audio that it did not get. */
  spend(claimed: Claimed, micros: number): Promise<void>
  /** Charges, releases the rest and makes the generation succeed. False when the attempt lost. */
  succeed(success: Success): Promise<boolean>
}

/**
 * Transitions of one kind in one statement: enough to make few commits of many, and few enough that what ends at the same time
 * does not wait for all of it. Of 10, 20, 50 and 200, with 500 calls in flight, this got most done.
 */
const most = 20

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

  const begin = createBatcher(async (calls: readonly object[]) => {
    const { rows } = await sql<SubmittedRow>`select * from generations_begin(${JSON.stringify(calls)}::jsonb)`.execute(
      db,
    )
    return rows.map(toSubmitted)
  }, most)

  const submit = createBatcher(async (calls: readonly Submission[]) => {
    const { rows } = await sql<SubmittedRow>`
      select s.held, s.source
      from unnest(${calls.map(({ id }) => id)}::uuid[], ${calls.map(({ index }) => index)}::integer[],
          ${calls.map(({ attempt }) => attempt)}::uuid[], ${calls.map(({ kept }) => kept)}::uuid[],
          ${calls.map(({ contentHash }) => contentHash)}::text[])
          with ordinality t (id, index, attempt, kept, content_hash, number),
        segment_submit(t.id, t.index, t.attempt, t.kept, t.content_hash) s
      order by t.number
    `.execute(db)
    return rows.map(toSubmitted)
  }, most)

  const store = createBatcher(
    (audios: readonly NewAudio[]) => booleans(db, sql`segments_store(${JSON.stringify(audios)}::jsonb)`),
    most,
  )

  const announce = createBatcher(async (calls: readonly object[]) => {
    const { rows } = await sql<{ answer: Announced }>`
      select answer from calls_announce(${JSON.stringify(calls)}::jsonb) t (answer)
    `.execute(db)
    return rows.map(({ answer }) => answer)
  }, most)

  const accept = createBatcher(
    (calls: readonly { mark: string; providerId: string }[]) =>
      booleans(
        db,
        sql`calls_accept(${calls.map(({ mark }) => mark)}::uuid[], ${calls.map(({ providerId }) => providerId)}::text[])`,
      ),
    most,
  )

  const endCall = createBatcher(async (ends: readonly (CallEnd & { attempt: string })[]) => {
    await sql`
      select calls_end(${ends.map(({ mark }) => mark)}::uuid[], ${ends.map(({ attempt }) => attempt)}::uuid[],
        ${ends.map(({ outcome }) => outcome)}::text[], ${ends.map(({ costMicros }) => costMicros)}::bigint[])
    `.execute(db)
    return ends.map(() => undefined)
  }, most)

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
    begin: ({ id, attempt }, segments, { submitted, lookup }) =>
      begin({
        generation: id,
        attempt,
        submitted,
        contentHash: lookup?.contentHash ?? null,
        segments: segments.map(({ index, start, end, pauseMs }) => ({
          index,
          start_offset: start,
          end_offset: end,
          pause_ms: pauseMs,
        })),
      }),
    // Asked under a lock on the generation's row, which a batch takes in an order of its own: by itself.
    submit({ id, attempt, consent_id }, index, { kept, contentHash } = { kept: null, contentHash: null }) {
      const submission = { id, attempt, index, kept, contentHash }
      return consent_id === null ? submit(submission) : submitConsented(db, submission)
    },
    // Money is counted under locks of its own, which would come in another order than a batch takes: by itself.
    store: (audio, unneeded = { micros: 0, neededMicros: 0 }) =>
      audio.actual_cost_micros === 0 && unneeded.micros === 0 ? store(audio) : storeAlone(db, audio, unneeded),
    async cover({ id, attempt }, micros) {
      const { rows } = await sql<{ outcome: 'covered' | 'lost' | BudgetScope }>`
        select cost_cover(${id}, ${attempt}, ${micros}) as outcome
      `.execute(db)
      return rows[0]?.outcome ?? 'lost'
    },
    announce: ({ id, attempt }, call) => announce({ ...call, generation: id, attempt }),
    accept: (mark, providerId) => accept({ mark, providerId }),
    endCall: ({ attempt }, end) => endCall({ ...end, attempt }),
    async spend({ id, attempt }, micros) {
      await sql`select cost_spend(${id}, ${attempt}, ${micros})`.execute(db)
    },
    succeed: (success) => (success.costly ? succeedAlone(db, success) : succeed(success)),
  }
}

interface Submission extends Lookup {
  readonly id: string
  readonly attempt: string
  readonly index: number
}

interface SubmittedRow {
  readonly held: boolean
  readonly source: Source | null
}

const toSubmitted = ({ held, source }: SubmittedRow): Submitted => ({ held, source: source ?? undefined })

async function submitConsented(db: Db, { id, attempt, index, kept, contentHash }: Submission): Promise<Submitted> {
  const { rows } = await sql<SubmittedRow>`
    select * from segment_submit_consented(${id}, ${index}, ${attempt}, ${kept}, ${contentHash})
  `.execute(db)
  return toSubmitted(rows[0] ?? { held: false, source: null })
}

async function storeAlone(db: Db, audio: NewAudio, { micros, neededMicros }: Unneeded): Promise<boolean> {
  const row = sql`jsonb_populate_record(null::segment, ${JSON.stringify(audio)}::jsonb)`
  const [kept] = await booleans(db, sql`segment_store(${row}, ${micros}, ${neededMicros})`)
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
