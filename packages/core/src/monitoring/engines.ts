import { type EngineId, engineIds } from '@loqui/engines/engine'
import { sql } from 'kysely'
import { permitAdmin } from '../actor.ts'
import type { Caller } from '../context.ts'
import { breakerKept } from './breakers.ts'

/** `open`: it does not work and is left alone. `half_open`: it is being found out whether it works again. */
export type BreakerState = 'closed' | 'half_open' | 'open'

/** How an engine does. What is counted is of the last hour, unless it says otherwise. */
export interface EngineReport {
  id: EngineId
  /** Whether it can be spoken with here. */
  configured: boolean
  /**
   * How the worker sees it that sees it worst: `open` does not work and is left alone, `half_open` is being tried again.
   * `null` for an engine that is in the house, and where no worker has said.
   */
  breaker: BreakerState | null
  /** Generations that wait for it now, since it does not work. */
  waiting: number
  segments: {
    stored: number
    /** From being asked for to being stored, in milliseconds; `null` where none was. */
    latencyMs: { p50: number; p95: number; p99: number } | null
  }
  /** What it was asked, as the journal has it: that of a provider, or of a server that costs. Others keep none. */
  calls: {
    made: number
    /** That failed there, were ended there, or left nothing that could be used. */
    failed: number
    /** Share of those that have ended, 0 to 1; `null` where none has. */
    errorRate: number | null
  }
  /** Since midnight (UTC), in millionths of a dollar. */
  spentTodayMicros: number
}

/**
 * How every engine does that there is, configured or not.
 *
 * @throws {Refusal} `forbidden`, `scope_missing`.
 */
export async function monitorEngines({
  db,
  engines,
  actor,
}: Caller<'db' | 'engines' | 'actor'>): Promise<EngineReport[]> {
  permitAdmin(actor)
  const { rows } = await sql<Row>`
    select e.id,
      (select state from engine_breaker b where b.engine = e.id and b.seen_at > clock_timestamp() - ${breakerKept}
        order by array_position(array['open', 'half_open', 'closed'], state) limit 1) as breaker,
      (select count(*)::integer from generation g
        where g.engine = e.id and g.state = 'running' and g.degraded_at is not null) as waiting,
      s.*, c.*,
      (select coalesce(sum(cost_micros), 0)::bigint from usage_day u
        where u.engine = e.id and u.day = (clock_timestamp() at time zone 'UTC')::date) as spent
    from unnest(${[...engineIds]}::text[]) e (id)
      cross join lateral (
        select count(*)::integer as stored,
          percentile_cont(array[0.5, 0.95, 0.99]) within group
            (order by extract(epoch from s.stored_at - s.submitted_at) * 1000) as latencies
        from segment s join generation g on g.id = s.generation_id
        where s.stored_at > now() - interval '1 hour' and g.engine = e.id) s
      cross join lateral (
        select count(*)::integer as made, count(outcome)::integer as ended,
          count(*) filter (where outcome in ('failed', 'aborted', 'gone', 'refused'))::integer as failed
        from provider_call p where p.engine = e.id and p.announced_at > now() - interval '1 hour') c
  `.execute(db)
  return rows.map(({ id, breaker, waiting, stored, latencies, made, ended, failed, spent }) => {
    const [p50 = 0, p95 = 0, p99 = 0] = (latencies ?? []).map(Math.round)
    return {
      id,
      configured: engines.has(id),
      breaker,
      waiting,
      segments: { stored, latencyMs: stored === 0 ? null : { p50, p95, p99 } },
      calls: { made, failed, errorRate: ended === 0 ? null : failed / ended },
      spentTodayMicros: Number(spent),
    }
  })
}

interface Row {
  id: EngineId
  breaker: BreakerState | null
  waiting: number
  stored: number
  latencies: number[] | null
  made: number
  ended: number
  failed: number
  spent: number
}
