import type { SegmentRow } from '@loqui/db/schema/generations'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { splitText } from '../text/split.ts'
import type { Claimed } from './claim.ts'
import { LeaseLost } from './lease.ts'

export function readSegments({ db }: Caller<'db'>, generationId: string): Promise<SegmentRow[]> {
  return db.selectFrom('segment').selectAll().where('generation_id', '=', generationId).orderBy('index').execute()
}

/** The segments of a generation: those an earlier attempt wrote, else the text split now, once and for all attempts. */
export async function ensureSegments(caller: Caller<'db' | 'engines'>, generation: Claimed): Promise<SegmentRow[]> {
  const existing = await readSegments(caller, generation.id)
  if (existing.length > 0) return existing
  const engine = caller.engines.get(generation.engine)
  if (!engine) throw new Error(`this worker has no engine “${generation.engine}”`)
  const segments = splitText(generation.text, { maxCharacters: engine.limits.segmentCharacters })
  await transaction(caller.db, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('generation')
      .set({ segments_total: segments.length })
      .where('id', '=', generation.id)
      .where('attempt', '=', generation.attempt)
      .where('state', '=', 'running')
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 0n) throw new LeaseLost()
    await sql`
      insert into segment (generation_id, index, start_offset, end_offset, pause_ms)
      select ${generation.id}, * from unnest(
        ${segments.map((segment) => segment.index)}::int[], ${segments.map((segment) => segment.start)}::int[],
        ${segments.map((segment) => segment.end)}::int[], ${segments.map((segment) => segment.pauseMs)}::int[])
    `.execute(trx)
  })
  return readSegments(caller, generation.id)
}
