import type { ProviderCallRow } from '@loqui/db/schema/calls'
import type { GenerationRow, SegmentRow } from '@loqui/db/schema/generations'
import { type Engine, EngineError, type Provider, type ProviderCall } from '@loqui/engines/engine'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { askedText } from './asked-text.ts'
import type { AskedFor } from './calls.ts'

/** An attempt that lives looks for what it lost by itself; after so long it has died or given up. In seconds. */
const leftAloneSeconds = 20
/** In one sweep, for each engine: each may take a walk through the provider's list. */
const mostAtOnce = 50

type Swept = Pick<ProviderCallRow, 'mark' | 'engine' | 'provider_id' | 'announced_at' | 'cost_micros'> &
  Pick<GenerationRow, 'text' | 'pronunciations' | 'normalized_as'> &
  Pick<SegmentRow, 'start_offset' | 'end_offset'> & {
    readonly request: AskedFor | null
    /** Somebody still wants what it makes. */
    readonly needed: boolean
  }

/**
 * Looks after calls of providers that nobody follows: one whose id was lost is found, and its id written down for the next
 * attempt of its generation; one that nobody needs any more is canceled and costed; one that cannot be found any more was
 * never accepted. All of it long before the provider forgets what it made. One whose audio can be had but once counts as paid when
 * nobody needs it; else the next attempt counts it.
 */
export async function sweepCalls(
  { db, engines, log }: Caller<'db' | 'engines' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const swept = { found: 0, ended: 0 }
  for (const [id, engine] of engines) {
    const { provider } = engine
    const { rows } = await sql<Swept>`
      select c.mark, c.engine, c.provider_id, c.announced_at, c.cost_micros, c.request,
        g.state = 'running' and s.state is distinct from 'stored' as needed,
        -- A whole book only where it is needed, and of one that is purged nothing.
        case when c.request is null then g.text else '' end as text, g.pronunciations, g.normalized_as,
        coalesce(s.start_offset, 0) as start_offset, coalesce(s.end_offset, 0) as end_offset
      from provider_call c join generation g on g.id = c.generation_id
        left join segment s on s.generation_id = c.generation_id and s.index = c.segment_index
      where c.outcome is null and c.engine = ${id}
        and c.announced_at < now() - ${leftAloneSeconds} * interval '1 second'
        and (c.provider_id is null and ${provider !== null} or g.state <> 'running' or s.state = 'stored')
      order by c.announced_at limit ${mostAtOnce}
    `.execute(db)
    for (const call of rows) {
      signal.throwIfAborted()
      try {
        const outcome = await sweepCall(provider, call, engine.price(textOf(engine, call)))
        if (outcome.found !== undefined) {
          await sql`select call_accept(${call.mark}, ${outcome.found})`.execute(db)
          swept.found++
        }
        if (outcome.end) {
          await sql`select call_end(${call.mark}, null, ${outcome.end.outcome}, ${outcome.end.costMicros})`.execute(db)
          swept.ended++
        }
      } catch (error) {
        if (!(error instanceof EngineError)) throw error
        // The others would fare no better; the next sweep tries again.
        log.warn({ error, engine: id }, 'a provider does not tell what became of calls')
        break
      }
    }
  }
  if (swept.found + swept.ended > 0) log.info(swept, 'calls were swept')

  async function sweepCall(
    provider: Provider | null,
    { mark, provider_id, announced_at, request, needed }: Swept,
    priceMicros: number,
  ): Promise<{ found?: string; end?: { outcome: NonNullable<ProviderCallRow['outcome']>; costMicros: number } }> {
    if (!provider) return { end: { outcome: 'gone', costMicros: priceMicros } }
    const ageMs = Date.now() - announced_at.getTime()
    let id = provider_id
    let found: string | undefined
    if (id === null) {
      const candidates =
        request === null ? [] : await provider.find({ mark, announcedAt: announced_at, request }, { signal })
      id = await unclaimed(candidates)
      if (id === null) {
        return ageMs < provider.certainAfterMs ? {} : { end: { outcome: 'refused', costMicros: 0 } }
      }
      found = id
    }
    const accepted = found === undefined ? {} : { found }
    if (needed) return accepted
    const call = await ended(provider, id)
    if (call === undefined) return accepted
    return {
      ...accepted,
      end:
        call === null
          ? { outcome: 'gone', costMicros: priceMicros }
          : { outcome: outcomeOf(call), costMicros: call.costMicros ?? priceMicros },
    }
  }

  /** Several where requests are the same to the seed: one that no other call has. */
  async function unclaimed(candidates: readonly ProviderCall[]): Promise<string | null> {
    for (const { id } of candidates) {
      const taken = await db.selectFrom('provider_call').select('mark').where('provider_id', '=', id).executeTakeFirst()
      if (!taken) return id
    }
    return null
  }

  /** @returns undefined while it is on its way to its end, null when it is there no more. */
  async function ended(provider: Provider, id: string): Promise<ProviderCall | null | undefined> {
    const canceled = await provider.cancel(id, { signal })
    if (!canceled || isEnded(canceled)) return canceled
    const call = await provider.get(id, { signal })
    return !call || isEnded(call) ? call : undefined
  }
}

/** What a call was asked to speak. It is not kept of one that was taken for refused, and then it is what it would be asked now. */
const textOf = (engine: Engine, { request, text, start_offset, end_offset, ...pronounced }: Swept): string =>
  request?.text ?? askedText(engine, pronounced, text.slice(start_offset, end_offset))

const isEnded = ({ state }: ProviderCall) => state !== 'waiting' && state !== 'running'

function outcomeOf({ state }: ProviderCall): 'succeeded' | 'failed' | 'canceled' | 'aborted' {
  if (state === 'waiting' || state === 'running') throw new Error('a call that has not ended has no outcome')
  return state
}
