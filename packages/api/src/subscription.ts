import type { Actor } from '@loqui/core/actor'
import { type TrackedEnvelope, tracked } from '@trpc/server'
import type { RequestContext } from './context.ts'
import { type SubscriptionId, share, sharedText, singleOut } from './shared.ts'
import { translate } from './trpc.ts'

type SubscriptionContext = Pick<
  RequestContext,
  'requestId' | 'log' | 'showLimits' | 'takeSubscription' | 'watchAccess' | 'drained' | 'deliver'
> & { readonly actor: Actor }

/**
 * Sends what `source` gives under ids to resume from, no faster than the connection takes it, and only as long as the
 * credentials it began with hold: a socket outlives a logout, its subscriptions do not. It is said to have begun once
 * `source` has found its place, so that nothing which happens from then on is missed.
 *
 * @throws {Refusal} `concurrency_limited` where there are too many already; whatever `source` throws.
 */
export async function subscription<Item extends { id: string }>(
  ctx: SubscriptionContext,
  path: string,
  source: (signal: AbortSignal) => Promise<AsyncIterable<Item>>,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<TrackedEnvelope<Item>>> {
  const life = begin(ctx, signal)
  try {
    return send(ctx, path, await source(life.signal), life)
  } catch (error) {
    life.end()
    throw error
  }
}

interface Life {
  /** Aborted when nobody wants it any more, or may have it. */
  readonly signal: AbortSignal
  /** @throws why it may no longer go on. */
  check(): void
  end(): void
}

function begin(ctx: SubscriptionContext, signal: AbortSignal | undefined): Life {
  const leave = ctx.takeSubscription(ctx.actor)
  const access = ctx.watchAccess(ctx.actor)
  const over = new AbortController()
  // Not AbortSignal.any(): of a credential that many subscribe by, each of them would leave something behind.
  const abort = () => over.abort()
  const end = () => {
    abort()
    leave()
    access.release()
    access.signal.removeEventListener('abort', abort)
    signal?.removeEventListener('abort', end)
  }
  access.signal.addEventListener('abort', abort)
  // One that is given up before it is begun is never asked for anything, and so never comes to its end by itself.
  if (signal?.aborted) end()
  else signal?.addEventListener('abort', end)
  return { signal: over.signal, check: () => access.signal.throwIfAborted(), end }
}

async function* send<Item extends { id: string }>(
  ctx: SubscriptionContext,
  path: string,
  items: AsyncIterable<Item>,
  life: Life,
): AsyncGenerator<TrackedEnvelope<Item>> {
  const { deliver } = ctx
  let id: SubscriptionId | undefined
  const learn = (known: SubscriptionId) => {
    id = known
  }
  try {
    for await (const item of items) {
      life.check()
      share(item)
      if (deliver && id !== undefined && sharedText(item) !== undefined) {
        if (life.signal.aborted) break
        deliver(id, item)
      } else {
        yield tracked(item.id, deliver ? singleOut(item, learn) : item)
      }
      const draining = ctx.drained()
      if (draining) await draining
    }
    life.check()
  } catch (error) {
    throw translate(ctx, path, error)
  } finally {
    life.end()
  }
}
