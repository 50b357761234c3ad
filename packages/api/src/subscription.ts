import type { Actor } from '@loqui/core/actor'
import { type TrackedEnvelope, tracked } from '@trpc/server'
import type { RequestContext } from './context.ts'
import { translate } from './trpc.ts'

/** Access is looked at again when a hint says so, and this often in case the hint was lost. */
const recheckMs = 60_000

/**
 * Sends what `source` gives under ids to resume from, no faster than the connection takes it, and only as long as the
 * credentials it began with hold: a socket outlives a logout, its subscriptions do not.
 */
export async function* subscription<Item extends { id: string }>(
  ctx: RequestContext & { actor: Actor },
  path: string,
  source: (signal: AbortSignal) => AsyncIterable<Item>,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrackedEnvelope<Item>> {
  const access = new AbortController()
  const recheck = () => {
    ctx.identify().catch((error: unknown) => access.abort(error))
  }
  const timer = setInterval(recheck, recheckMs)
  const unlisten = ctx.actor.kind === 'system' ? () => undefined : ctx.listener.on('access', ctx.actor.userId, recheck)
  try {
    for await (const item of source(signal ? AbortSignal.any([signal, access.signal]) : access.signal)) {
      yield tracked(item.id, item)
      await ctx.drained()
    }
    access.signal.throwIfAborted()
  } catch (error) {
    throw translate(ctx, path, error)
  } finally {
    clearInterval(timer)
    unlisten()
  }
}
