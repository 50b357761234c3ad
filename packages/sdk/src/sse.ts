import { TRPCClientError, type TRPCLink } from '@trpc/client'
import { observable } from '@trpc/server/observable'
import type { EventSourceMessage } from 'eventsource-parser'
import superjson from 'superjson'
import type { AppRouter } from './api.d.ts'
import { interrupted } from './interrupted.ts'
import type { Fetch } from './links.ts'

/** The server sends something at least every 10 s; silence beyond this is a connection that died. */
const silenceMs = 25_000

/**
 * Subscriptions as server-sent events, one request each. tRPC's own link wants an `EventSource`, which sends no headers in
 * browsers and which Node lacks; with one that does it would be a fifth of this client.
 */
export const sseLink =
  (url: string, fetch: Fetch): TRPCLink<AppRouter> =>
  () =>
  ({ op }) =>
    observable((observer) => {
      const stop = new AbortController()
      const died = () => stop.abort(interrupted('The server fell silent.'))
      let silence = setTimeout(died, silenceMs)

      const onEvent = ({ event, id, data }: EventSourceMessage) => {
        if (event === 'connected') {
          observer.next({ result: { type: 'started' } })
          observer.next({ result: { type: 'state', state: 'pending', error: null } })
        } else if (event === 'return') {
          observer.complete()
        } else if (event === 'serialized-error') {
          observer.error(TRPCClientError.from({ error: superjson.deserialize(JSON.parse(data)) }))
        } else if (event === undefined && id !== undefined) {
          observer.next({ result: { id, data: { id, data: superjson.deserialize(JSON.parse(data)) } } })
        }
      }
      const follow = async (): Promise<void> => {
        // Where a socket gets through, nobody needs it.
        const { createParser } = await import('eventsource-parser')
        const { feed } = createParser({ onEvent })
        const input = encodeURIComponent(JSON.stringify(superjson.serialize(op.input)))
        const response = await fetch(`${url}/${op.path}?input=${input}`, {
          headers: { accept: 'text/event-stream' },
          signal: stop.signal,
        })
        if (!response.ok || !response.body) throw await refusal(response)
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
        for (;;) {
          const { done, value } = await reader.read()
          clearTimeout(silence)
          silence = setTimeout(died, silenceMs)
          if (done) throw interrupted('The connection ended.')
          feed(value)
        }
      }

      observer.next({ result: { type: 'state', state: 'connecting', error: null } })
      follow().catch((error: unknown) => {
        observer.error(error instanceof TRPCClientError ? error : interrupted('The connection failed.', error))
      })
      return () => {
        clearTimeout(silence)
        stop.abort()
      }
    })

/** What the server says no with; what a proxy in front of it says may pass. */
async function refusal(response: Response): Promise<TRPCClientError<AppRouter>> {
  const body: unknown = await response.json().catch(() => null)
  if (response.status >= 500 || body === null || typeof body !== 'object' || !('error' in body)) {
    return interrupted(`The server answered with status ${response.status}.`)
  }
  return TRPCClientError.from({ error: superjson.deserialize(body.error as never) }, { meta: { response } })
}
