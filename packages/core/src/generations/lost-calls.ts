import type { Caller } from '../context.ts'
import { type AskedFor, isHeardOnce } from './calls.ts'
import type { Claimed, Transitions } from './transitions.ts'

/**
 * Counts as paid what earlier attempts asked an engine for whose answers can be had but once, and did not live to keep. Nothing
 * waits for it then, and where a segment may be asked for once more, it is.
 */
export async function countLostCalls(
  { db, engines, transitions }: Caller<'db' | 'engines'> & { readonly transitions: Transitions },
  generation: Claimed,
): Promise<void> {
  const engine = engines.get(generation.engine)
  if (!engine || !isHeardOnce(engine)) return
  const lost = await db
    .selectFrom('provider_call as c')
    .innerJoin('segment as s', (join) =>
      join.onRef('s.generation_id', '=', 'c.generation_id').onRef('s.index', '=', 'c.segment_index'),
    )
    .innerJoin('generation as g', 'g.id', 'c.generation_id')
    .select(['c.mark', 'c.cost_micros'])
    .select((eb) => eb.ref('c.request').$castTo<AskedFor | null>().as('request'))
    .where('c.generation_id', '=', generation.id)
    .where('c.engine', '=', engine.id)
    .where('s.state', '<>', 'stored')
    // What the next attempt asks for is its own to count.
    .where('g.attempt', '=', generation.attempt)
    .where((eb) => eb.or([eb('c.outcome', 'is', null), eb('c.outcome', '=', 'succeeded')]))
    .execute()
  await Promise.all(
    lost.map(({ mark, cost_micros, request }) =>
      transitions.endCall(generation, {
        mark,
        outcome: 'gone',
        costMicros: request ? engine.price(request.text) : cost_micros,
      }),
    ),
  )
}
