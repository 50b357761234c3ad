import { httpBatchLink, type Operation, TRPCClientError, type TRPCLink, wsLink } from '@trpc/client'
import { observable, type Unsubscribable } from '@trpc/server/observable'
import superjson from 'superjson'
import type { AppRouter } from './api.d.ts'
import { delayBefore, isPassing, unreachableMs } from './attempt.ts'
import { toLoquiError } from './errors.ts'
import { Interrupted, interrupted } from './interrupted.ts'
import type { Socket } from './socket.ts'

type Link = TRPCLink<AppRouter>

/** The part of `fetch` that tRPC and this client use. */
export type Fetch = (input: RequestInfo | URL, init?: FetchInit) => Promise<Response>

export type FetchInit = Omit<RequestInit, 'signal'> & {
  readonly signal?: AbortSignal | null | undefined
  /** What a stream as a body needs. */
  readonly duplex?: 'half'
}

export interface LinksOptions {
  readonly url: string
  readonly fetch: Fetch
  readonly socket: Socket | null
  /** @returns whether what was refused for `reason` may hold with the credentials that there are then. */
  readonly renew: (reason: string | undefined) => boolean
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
export function links({ url, fetch, socket, renew }: LinksOptions): Link[] {
  return [withoutDirection, resume(renew), ways(url, fetch, socket)]
}

/** Parts five ways at once: with tRPC's `splitLink`, which parts two, it would be three times as much code. */
const ways =
  (url: string, fetch: Fetch, socket: Socket | null): Link =>
  (runtime) => {
    const options = { url, fetch, transformer: superjson }
    const batched = httpBatchLink<AppRouter>({ ...options, maxItems: largestBatch, maxURLLength: longestUrl })(runtime)
    // A batch of one rather than tRPC's `httpLink`, which would be another way to do the same.
    const alone = httpBatchLink<AppRouter>({ ...options, maxItems: 1, methodOverride: 'POST', headers })(runtime)
    const byEvents = asEvents(url, fetch)(runtime)
    const bySocket = socket && overSocket(socket)(runtime)
    return (call) => {
      const { type, input } = call.op
      if (type === 'subscription') return (!bySocket || socket.isBlocked ? byEvents : bySocket)(call)
      const goesAlone = type === 'mutation' || (JSON.stringify(input)?.length ?? 0) > longestInUrl
      return (goesAlone ? alone : batched)(call)
    }
  }

/** Only a mutation that travels alone can have a header of its own. */
function headers({ opList: [op] }: { readonly opList: readonly Operation[] }): Record<string, string> {
  const idempotencyKey = op?.context.idempotencyKey
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

/** By its words alone tRPC's client tells that a socket was closed, as a server may that refuses a token, before anything was sent. */
const unsent = 'Active connection is not open'

/**
 * Subscribes again after the last event that was seen, when the way to the server changes, it has lost its own to the
 * database, or the token is over and there is another; for a minute also when there is too much at once. A socket that breaks
 * resumes by itself.
 */
const resume =
  (renew: LinksOptions['renew']): Link =>
  () =>
  ({ op, next }) => {
    if (op.type !== 'subscription') return next(op)
    return observable((observer) => {
      let lastEventId: string | undefined
      let tries = 0
      let failingSince = 0
      let failedAt = 0
      let isLeft = false
      let timer: ReturnType<typeof setTimeout> | undefined
      let subscription: Unsubscribable | undefined
      const begin = () => {
        // Without an event yet it begins where it was told to.
        const input = lastEventId === undefined ? op.input : { ...Object(op.input), lastEventId }
        subscription = next({ ...op, input }).subscribe({
          next(envelope) {
            const { result } = envelope
            if ('id' in result && typeof result.id === 'string') {
              lastEventId = result.id
              failedAt = 0
            }
            observer.next(envelope)
          },
          error(error) {
            // Ending a stream of events fails it, and to go on then would hold it for ever.
            if (isLeft) return
            const { reason } = error.data ?? {}
            const refusal = toLoquiError(error)
            const now = Date.now()
            // That it has begun says little: as events it is said to before it is refused. What has held for long did begin.
            if (now - failedAt > unreachableMs) {
              tries = 0
              failingSince = now
            }
            failedAt = now
            const delayMs = delayBefore(tries++, refusal)
            const isLimited = reason && isPassing(refusal) && now + delayMs - failingSince < unreachableMs
            const passes =
              error.cause instanceof Interrupted ||
              error.message === unsent ||
              reason === 'service_unavailable' ||
              isLimited ||
              renew(reason)
            if (passes) timer = setTimeout(begin, delayMs)
            else observer.error(error)
          },
          complete: () => observer.complete(),
        })
      }
      begin()
      return () => {
        isLeft = true
        clearTimeout(timer)
        subscription?.unsubscribe()
      }
    })
  }

/**
 * Subscriptions as server-sent events, one request each. tRPC's own link wants an `EventSource`, which sends no headers in
 * browsers and which Node lacks; with one that does it would be a fifth of this client.
 */
const asEvents =
  (url: string, fetch: Fetch): Link =>
  () =>
  ({ op }) =>
    observable((observer) => {
      const stop = new AbortController()
      observer.next({ result: { type: 'state', state: 'connecting', error: null } })
      const input = encodeURIComponent(JSON.stringify(superjson.serialize(op.input)))
      import('./sse.ts')
        .then(({ followEvents }) =>
          followEvents(fetch, `${url}/${op.path}?input=${input}`, stop, {
            onBegin() {
              observer.next({ result: { type: 'started' } })
              observer.next({ result: { type: 'state', state: 'pending', error: null } })
            },
            onEvent: (id, data) => observer.next({ result: { id, data: { id, data: superjson.deserialize(data) } } }),
            onRefusal: (error) => observer.error(TRPCClientError.from({ error: superjson.deserialize(error) })),
            onEnd: () => observer.complete(),
          }),
        )
        .catch((error: unknown) => observer.error(interrupted('The connection failed.', error)))
      return () => stop.abort()
    })

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
