import type { Db } from '@loqui/db/client'
import { HandedOver } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import type { Claimed } from './transitions.ts'

/** The attempt no longer holds its generation: another one goes on with it, and with what a provider was asked for. */
export class LeaseLost extends HandedOver {
  override readonly name = 'LeaseLost'
  constructor() {
    super('the generation was given to another attempt')
  }
}

/** The generation has ended, canceled as a rule: what a provider was asked for nobody wants any more. */
export class GenerationOver extends Error {
  override readonly name = 'GenerationOver'
  constructor() {
    super('the generation has ended')
  }
}

/** The worker stops or lost its job: the next attempt follows what a provider was asked for. */
export class WorkerStops extends HandedOver {
  override readonly name = 'WorkerStops'
}

/** Why an attempt's write did not count. */
export async function whyLost(db: Db, generation: Pick<Claimed, 'id' | 'attempt'>): Promise<Error> {
  return (await findLoss(db, generation)) ?? new GenerationOver()
}

/** Why an attempt holds its generation no longer; `undefined` while it does. */
export async function findLoss(
  db: Db,
  { id, attempt }: Pick<Claimed, 'id' | 'attempt'>,
): Promise<LeaseLost | GenerationOver | undefined> {
  const row = await db.selectFrom('generation').select(['state', 'attempt']).where('id', '=', id).executeTakeFirst()
  if (row?.state !== 'running') return new GenerationOver()
  return row.attempt === attempt ? undefined : new LeaseLost()
}

export interface Lease extends Disposable {
  /** Aborts when the lease is lost, the generation over, or with `signal`. */
  readonly signal: AbortSignal
}

const renewMs = 3_000

/** Shows that the attempt is alive, and finds out that it lost its generation: at once on a hint, else when it renews. */
export function holdLease(
  { db, listener, log }: Caller<'db' | 'listener' | 'log'>,
  { id, attempt }: Claimed,
  signal: AbortSignal,
): Lease {
  const lost = new AbortController()
  const renew = async () => {
    try {
      const { numUpdatedRows } = await db
        .updateTable('generation')
        .set({ heartbeat_at: new Date() })
        .where('id', '=', id)
        .where('attempt', '=', attempt)
        .where('state', '=', 'running')
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) lost.abort(await whyLost(db, { id, attempt }))
    } catch (error) {
      // Not knowing is not losing: every write is fenced, so going on does no harm.
      log.warn({ error, generationId: id }, 'could not renew a lease')
    }
  }
  const stopping = new AbortController()
  const stop = () =>
    stopping.abort(new WorkerStops('the worker stops, or its job was given on', { cause: signal.reason }))
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  const timer = setInterval(renew, renewMs)
  const unlisten = listener.on('cancel', id, () => void renew())
  return {
    signal: AbortSignal.any([stopping.signal, lost.signal]),
    [Symbol.dispose]() {
      clearInterval(timer)
      signal.removeEventListener('abort', stop)
      unlisten()
    },
  }
}
