import type { Actor } from '@loqui/core/actor'
import { type TrackedEnvelope, tracked } from '@trpc/server'
import type { RequestContext } from './context.ts'
import { translate } from './trpc.ts'

/** Access is looked at again when a hint says so, and this often in case the hint was lost. */
const recheckMs = 60_000

type SubscriptionContext = RequestContext & { readonly actor: Actor }

/**
 * Sends what `source` gives under ids to resume from, no faster than the connection takes it, and only as long as the
 * credentials it began with hold: a socket outlives a logout, its subscriptions do not. It is said to have begun once
 * `source` has found its place, so that nothing which happens from then on is missed.
 */
export async function subscription<Item extends { id: string }>(
  ctx: SubscriptionContext,
  path: string,
  source: (signal: AbortSignal) => Promise<AsyncIterable<Item>>,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<TrackedEnvelope<Item>>> {
  const access = new AbortController()
  const items = await source(signal ? AbortSignal.any([signal, access.signal]) : access.signal)
  return send(ctx, path, items, access)
}

async function* send<Item extends { id: string }>(
  ctx: SubscriptionContext,
  path: string,
  items: AsyncIterable<Item>,
  access: AbortController,
): AsyncGenerator<TrackedEnvelope<Item>> {
  const recheck = () => {
    ctx.identify().catch((error: unknown) => access.abort(error))
  }
  const timer = setInterval(recheck, recheckMs)
  const unlisten = ctx.actor.kind === 'system' ? () => undefined : ctx.listener.on('access', ctx.actor.userId, recheck)
  // Access may have gone before anyone listened.
  recheck()
  try {
    for await (const item of items) {
      access.signal.throwIfAborted()
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
