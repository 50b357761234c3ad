import {
  httpBatchLink,
  httpLink,
  httpSubscriptionLink,
  retryLink,
  splitLink,
  TRPCClientError,
  type TRPCLink,
  wsLink,
} from '@trpc/client'
import { observable } from '@trpc/server/observable'
import { EventSource } from 'eventsource'
import superjson from 'superjson'
import type { AppRouter } from './api.d.ts'
import type { Socket } from './socket.ts'

type Link = TRPCLink<AppRouter>

/** The part of `fetch` that tRPC and this client use. */
export type Fetch = (input: RequestInfo | URL, init?: FetchInit) => Promise<Response>

export type FetchInit = Omit<RequestInit, 'signal'> & { readonly signal?: AbortSignal | null | undefined }

/** The server takes 20. */
const largestBatch = 10
/** What proxies commonly let pass. */
const longestUrl = 4_000

/** The way of every call: queries in batches, mutations one by one, subscriptions over the socket or as events. */
export function links(url: string, fetch: Fetch, socket: Socket | null): Link[] {
  return [
    withoutDirection,
    retryLink({ retry: ({ error }) => error.cause instanceof SocketBlocked }),
    splitLink({
      condition: (op) => op.type === 'subscription',
      true: subscriptions(url, fetch, socket),
      false: splitLink({
        condition: (op) => op.type === 'mutation',
        true: httpLink({ url, fetch, transformer: superjson, headers: ({ op }) => idempotencyHeader(op.context) }),
        false: httpBatchLink({ url, fetch, transformer: superjson, maxItems: largestBatch, maxURLLength: longestUrl }),
      }),
    }),
  ]
}

/** Only a mutation that travels alone can have a header of its own. */
function idempotencyHeader({ idempotencyKey }: { readonly idempotencyKey?: unknown }): Record<string, string> {
  return typeof idempotencyKey === 'string' ? { 'idempotency-key': idempotencyKey } : {}
}

/** Infinite queries say which way they page. Loqui's listings go one way only, and its inputs refuse what they do not know. */
const withoutDirection: Link =
  () =>
  ({ op, next }) => {
    if (op.type !== 'query' || op.input === null || typeof op.input !== 'object') return next(op)
    const { direction, ...input } = op.input as { readonly direction?: unknown }
    return next(direction === undefined ? op : { ...op, input })
  }

/** Makes `retryLink` subscribe again, after the last event it has seen; `splitLink` then finds the socket blocked. */
class SocketBlocked extends Error {}

function subscriptions(url: string, fetch: Fetch, socket: Socket | null): Link {
  const asEvents: Link = httpSubscriptionLink({
    url,
    transformer: superjson,
    // The browsers' own sends no headers and Node has none; this one goes through `fetch`, so that no token is in a URL.
    EventSource,
    eventSourceOptions: { fetch: (input, init) => fetch(input, init) },
  })
  if (!socket) return asEvents
  return splitLink({ condition: () => socket.isBlocked, true: asEvents, false: overSocket(socket) })
}

const overSocket =
  (socket: Socket): Link =>
  (runtime) =>
  ({ op, next }) =>
    observable((observer) => {
      const use = socket.use(() => observer.error(TRPCClientError.from(new SocketBlocked())))
      const subscription = wsLink<AppRouter>({ client: use.client, transformer: superjson })(runtime)({
        op,
        next,
      }).subscribe(observer)
      return () => {
        subscription.unsubscribe()
        use.release()
      }
    })
