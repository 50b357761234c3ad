import { setTimeout as sleep } from 'node:timers/promises'
import type { AppRouter } from '@loqui/api/router'
import type { GenerationEvent } from '@loqui/core/generations/generation'
import {
  createTRPCClient,
  createWSClient,
  httpSubscriptionLink,
  type TRPCClient,
  TRPCClientError,
  type TRPCLink,
  wsLink,
} from '@trpc/client'
import { EventSource } from 'eventsource'
import superjson from 'superjson'
import { WebSocket } from 'ws'

/** A client that subscribes, over one way. */
export interface SubscribingClient {
  readonly api: TRPCClient<AppRouter>
  close(): void
}

/** @param key what goes into `Authorization: Bearer`. */
export function overSocket(url: string, { key }: { readonly key: string }): SubscribingClient {
  const socket = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    // tRPC types the browser's; ws has all of it that tRPC uses.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    connectionParams: () => ({ token: key }),
    retryDelayMs: (attempt) => Math.min(1_000, 10 * 2 ** attempt),
    keepAlive: { enabled: true, intervalMs: 5_000, pongTimeoutMs: 5_000 },
  })
  return {
    api: createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] }),
    close: () => void socket.close(),
  }
}

export function overEvents(url: string, { key }: { readonly key: string }): SubscribingClient {
  const link: TRPCLink<AppRouter> = httpSubscriptionLink({
    url: `${url}/trpc`,
    transformer: superjson,
    EventSource,
    eventSourceOptions: () => ({
      fetch: (input, init) =>
        fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } } as RequestInit),
    }),
  })
  return { api: createTRPCClient<AppRouter>({ links: [link] }), close: () => undefined }
}

/** What a client that means to go on takes for passing. */
const passing = new Set(['service_unavailable', 'concurrency_limited', 'rate_limited'])
const againMs = 250

/**
 * Watches a generation to its end, whatever breaks on the way, as a client should: after the last event it has seen. Every event
 * is told as it came, also one that came before.
 */
export async function watchToEnd(
  { api }: SubscribingClient,
  id: string,
  onEvent: (event: GenerationEvent) => void,
): Promise<void> {
  let last: GenerationEvent | undefined
  while (last?.state !== 'succeeded' && last?.state !== 'failed' && last?.state !== 'canceled') {
    try {
      await new Promise<void>((resolve, reject) => {
        const { unsubscribe } = api.generations.watch.subscribe(
          { id, lastEventId: last?.id },
          {
            onData({ data }) {
              last = data
              onEvent(data)
            },
            onComplete: resolve,
            onError(error) {
              unsubscribe()
              reject(error)
            },
          },
        )
      })
    } catch (error) {
      if (!(error instanceof TRPCClientError)) throw error
      // Without data it did not come from Loqui: there was no connection.
      if (error.data && !passing.has(error.data.reason)) throw error
    }
    await sleep(againMs)
  }
}
