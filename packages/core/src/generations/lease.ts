import type { Db } from '@loqui/db/client'
import { HandedOver } from '@loqui/engines/engine'
import { sql } from 'kysely'
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

/** Leases of a process, which are renewed together: each by itself would be a commit of its own. */
export interface Leases {
  /** Shows that the attempt is alive, and finds out that it lost its generation: at once on a hint, else when it renews. */
  hold(claimed: Claimed, signal: AbortSignal): Lease
}

const renewMs = 3_000
/** Leases that are renewed in one statement, which takes some milliseconds. */
const mostAtOnce = 200

export function createLeases({ db, listener, log }: Caller<'db' | 'listener' | 'log'>): Leases {
  /** By attempt: told that it is lost. */
  const held = new Map<string, { readonly id: string; lose(reason: Error): void }>()
  let timer: NodeJS.Timeout | undefined

  const renew = async (attempts: readonly string[]) => {
    try {
      const ids = attempts.map((attempt) => held.get(attempt)?.id ?? null)
      const { rows } = await sql<{ attempt: string }>`
        select attempt from generations_renew(${ids}::uuid[], ${attempts}::uuid[]) t (attempt)
      `.execute(db)
      for (const { attempt } of rows) {
        const lease = held.get(attempt)
        lease?.lose(await whyLost(db, { id: lease.id, attempt }))
      }
    } catch (error) {
      // Not knowing is not losing: every write is fenced, so going on does no harm.
      log.warn({ error, leases: attempts.length }, 'could not renew leases')
    }
  }
  const renewAll = async () => {
    const attempts = [...held.keys()]
    while (attempts.length > 0) await renew(attempts.splice(0, mostAtOnce))
  }

  return {
    hold({ id, attempt }, signal) {
      const lost = new AbortController()
      const stopping = new AbortController()
      const stop = () =>
        stopping.abort(new WorkerStops('the worker stops, or its job was given on', { cause: signal.reason }))
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      held.set(attempt, { id, lose: (reason) => lost.abort(reason) })
      timer ??= setInterval(renewAll, renewMs)
      const unlisten = listener.on('cancel', id, () => void renew([attempt]))
      return {
        signal: AbortSignal.any([stopping.signal, lost.signal]),
        [Symbol.dispose]() {
          held.delete(attempt)
          if (held.size === 0) {
            clearInterval(timer)
            timer = undefined
          }
          signal.removeEventListener('abort', stop)
          unlisten()
        },
      }
    },
  }
}
