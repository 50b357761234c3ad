import type { SegmentRow } from '@loqui/db/schema/generations'
import type { EngineError } from '@loqui/engines/engine'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { askedText } from './asked-text.ts'
import { isOutForLong } from './engine-wide.ts'
import { readSegments } from './segments.ts'
import type { Claimed } from './transitions.ts'

/**
 * Gives a generation to its fallback voice where its engine does not work: at once when that is said to last, else when it has
 * waited for it before, so that nobody hears another voice for a moment's trouble. An engine that only asks for patience
 * works.
 *
 * @returns false when it has none, or none that could do better, or that the budgets allow; or when something of it was spoken,
 * or may have been.
 */
export async function fallBack(
  { db, engines, hints, log }: Caller<'db' | 'engines' | 'hints' | 'log'>,
  generation: Claimed,
  error: EngineError,
): Promise<boolean> {
  const { id, attempt, engine, fallback, fell_back_at, degraded_at, user_id } = generation
  if (fallback === null || fell_back_at !== null || error.code === 'throttled') return false
  if (degraded_at === null && !isOutForLong(error)) return false
  const other = engines.get(fallback.engine)
  if (!other || other.breaker === 'open') return false
  // Whoever split the text may not have known the other engine.
  const segments = await readSegments({ db }, id)
  const isTooLong = ({ start_offset, end_offset }: SegmentRow) =>
    askedText(other, fallback, generation.text.slice(start_offset, end_offset)).length > other.limits.segmentCharacters
  if (segments.some(isTooLong)) return false
  const { rows } = await sql<{ done: boolean }>`select generation_fall_back(${id}, ${attempt}) as done`.execute(db)
  if (!rows[0]?.done) return false
  log.warn({ error, generationId: id, engine, fallback: other.id }, 'an engine does not work; another voice speaks')
  hints.hint('events', user_id)
  return true
}
