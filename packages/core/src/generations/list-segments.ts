import type { Flaw } from '@loqui/audio/speech/flaws'
import type { SegmentRow, SegmentState } from '@loqui/db/schema/generations'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { idSchema } from '../ids.ts'
import { type Page, pageInput, readPosition, toPageByPosition } from '../pagination.ts'
import { findGeneration } from './queries.ts'

export const listSegmentsInput = z.strictObject({
  id: idSchema('generation'),
  ...pageInput,
  /** Only those with something wrong with them. */
  flawed: z.boolean().default(false),
})

/** A part of a generation that is spoken alone. */
export interface GenerationSegment {
  /** Position among the segments, from 0. */
  index: number
  state: SegmentState
  /** Where it begins in the generation's text, in UTF-16 code units. */
  startOffset: number
  /** Where it ends, exclusive. */
  endOffset: number
  /** How long its audio is; `null` until there is some. */
  durationMs: number | null
  /** The silence after it. */
  pauseMs: number
  /** What is wrong with its audio, where nothing better was to be had. */
  flaws: Flaw[]
  /** How often it was begun with. */
  attempts: number
}

/**
 * The segments of a generation, in order; none before it runs.
 *
 * @throws {Refusal} `generation_not_found`, `cursor_malformed`.
 */
export async function listSegments(
  { db, actor }: Caller<'db' | 'actor'>,
  { id, cursor, limit, flawed }: z.output<typeof listSegmentsInput>,
): Promise<Page<GenerationSegment>> {
  const after = readPosition(cursor)
  await findGeneration(db, permit(actor, 'generations:read'), id)
  const rows = await db
    .selectFrom('segment')
    .select(['index', 'state', 'start_offset', 'end_offset', 'duration_ms', 'pause_ms', 'flaws', 'attempts'])
    .where('generation_id', '=', id)
    .$if(after !== null, (query) => query.where('index', '>', after))
    .$if(flawed, (query) => query.where(sql<boolean>`flaws <> '{}'`))
    .orderBy('index')
    .limit(limit + 1)
    .execute()
  return toPageByPosition(rows, limit, toGenerationSegment)
}

type ListedRow = Pick<
  SegmentRow,
  'index' | 'state' | 'start_offset' | 'end_offset' | 'duration_ms' | 'pause_ms' | 'flaws' | 'attempts'
>

const toGenerationSegment = (row: ListedRow): GenerationSegment => ({
  index: row.index,
  state: row.state,
  startOffset: row.start_offset,
  endOffset: row.end_offset,
  durationMs: row.duration_ms,
  pauseMs: row.pause_ms,
  // Rows hold only what was found by `findFlaws`.
  flaws: row.flaws as Flaw[],
  attempts: row.attempts,
})
