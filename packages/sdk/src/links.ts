import { httpBatchLink, httpLink, retryLink, splitLink, type TRPCLink, wsLink } from '@trpc/client'
import { observable } from '@trpc/server/observable'
import superjson from 'superjson'
import type { AppRouter } from './api.d.ts'
import { Interrupted, interrupted } from './interrupted.ts'
import type { Socket } from './socket.ts'
import { sseLink } from './sse.ts'

type Link = TRPCLink<AppRouter>

/** The part of `fetch` that tRPC and this client use. */
export type Fetch = (input: RequestInfo | URL, init?: FetchInit) => Promise<Response>

export type FetchInit = Omit<RequestInit, 'signal'> & {
  readonly signal?: AbortSignal | null | undefined
  /** What a stream as a body needs. */
  readonly duplex?: 'half'
}

/** The server takes 20. */
const largestBatch = 10
/** What proxies commonly let pass. */
const longestUrl = 4_000
/** Of a query's input in JSON, most of which may be escaped in a URL. */
const longestInUrl = longestUrl / 4

/**
 * The way of every call: queries in batches, mutations and queries about long texts one by one, subscriptions over the
 * socket or as events.
 */
export function links(url: string, fetch: Fetch, socket: Socket | null): Link[] {
  return [
    withoutDirection,
    resume,
    splitLink({
      condition: (op) => op.type === 'subscription',
      true: subscriptions(url, fetch, socket),
      false: splitLink({
        condition: (op) => op.type === 'mutation',
        true: httpLink({ url, fetch, transformer: superjson, headers: ({ op }) => idempotencyHeader(op.context) }),
        false: splitLink({
          condition: (op) => (JSON.stringify(op.input)?.length ?? 0) > longestInUrl,
          true: httpLink({ url, fetch, transformer: superjson, methodOverride: 'POST' }),
          false: httpBatchLink({
            url,
            fetch,
            transformer: superjson,
            maxItems: largestBatch,
            maxURLLength: longestUrl,
          }),
        }),
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

/**
 * Subscribes again after the last event that was seen, when the way to the server changes, or it has lost its own to the
 * database. A socket that breaks resumes by itself.
 */
const resume: Link = retryLink({
  retry: ({ op, error }) =>
    op.type === 'subscription' && (error.cause instanceof Interrupted || error.data?.reason === 'service_unavailable'),
  retryDelayMs: () => 500 + Math.random() * 1_000,
})

function subscriptions(url: string, fetch: Fetch, socket: Socket | null): Link {
  const asEvents = sseLink(url, fetch)
  if (!socket) return asEvents
  return splitLink({ condition: () => socket.isBlocked, true: asEvents, false: overSocket(socket) })
}

const overSocket =
  (socket: Socket): Link =>
  (runtime) =>
  ({ op, next }) =>
    observable((observer) => {
      const use = socket.use(() => observer.error(interrupted('No socket gets through.')))
      const subscription = wsLink<AppRouter>({ client: use.client, transformer: superjson })(runtime)({
        op,
        next,
      }).subscribe(observer)
      return () => {
        subscription.unsubscribe()
        use.release()
      }
    })
