import type { Caller } from '../context.ts'
import type { Claimed } from './transitions.ts'

/** The reason of a lease's signal when the attempt no longer holds its generation. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  constructor() {
    super('the generation was canceled or given to another attempt')
  }
}

export interface Lease extends Disposable {
  /** Aborts when the lease is lost, or with `signal`. */
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
      if (numUpdatedRows === 0n) lost.abort(new LeaseLost())
    } catch (error) {
      // Not knowing is not losing: every write is fenced, so going on does no harm.
      log.warn({ error, generationId: id }, 'could not renew a lease')
    }
  }
  const timer = setInterval(renew, renewMs)
  const unlisten = listener.on('cancel', id, () => void renew())
  return {
    signal: AbortSignal.any([signal, lost.signal]),
    [Symbol.dispose]() {
      clearInterval(timer)
      unlisten()
    },
  }
}
