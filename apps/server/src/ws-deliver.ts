import type { RequestContext } from '@loqui/api/context'
import type { WebSocket } from 'ws'
import { encodeItem } from './ws-encoder.ts'

/**
 * Sends items of subscriptions to a socket past tRPC's adapter, for which each is a race of promises between the next item and
 * the end of the subscription, a copied object and a text to be written: several times what sending takes. How a subscription
 * begins, its first item, which tells what the client calls it, what it fails with and how it ends are the adapter's.
 */
export const createDeliver =
  (ws: WebSocket): NonNullable<RequestContext['deliver']> =>
  (id, item) => {
    // As the adapter does: what a socket is still told that is about to close is nothing but trouble.
    if (ws.readyState === ws.OPEN) ws.send(encodeItem(id, item), { binary: false })
  }
