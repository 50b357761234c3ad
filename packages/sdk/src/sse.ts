import { createParser } from 'eventsource-parser'
import type { SuperJSONResult } from 'superjson'
import type { Fetch } from './links.ts'

/** The server sends something at least every 10 s; silence beyond this is a connection that died. */
const silenceMs = 25_000

/** What a stream of events tells. */
export interface EventStream {
  /** The server has found its place: what happens from now on comes. */
  onBegin(): void
  /** @param data serialized. */
  onEvent(id: string, data: SuperJSONResult): void
  /** @param error what the server says no with, serialized. */
  onRefusal(error: SuperJSONResult): void
  onEnd(): void
}

/**
 * Follows server-sent events until they end. It stands apart, since where a socket gets through nobody needs it, and for the
 * same reason imports nothing that others do: bundlers would part them, too.
 *
 * @param stop ends it; it is also aborted when the server falls silent.
 * @throws {TypeError} the connection failed, or fell silent, or a proxy answered; the signal's reason.
 */
export async function followEvents(
  fetch: Fetch,
  url: string,
  stop: AbortController,
  { onBegin, onEvent, onRefusal, onEnd }: EventStream,
): Promise<void> {
  const wait = () => setTimeout(() => stop.abort(new TypeError('The server fell silent.')), silenceMs)
  let silence = wait()
  // Node 20 leaves a body that is read when it is aborted waiting for ever, and a timer would keep the process with it.
  stop.signal.addEventListener('abort', () => clearTimeout(silence))
  const { feed } = createParser({
    onEvent({ event, id, data }) {
      if (event === 'connected') onBegin()
      else if (event === 'return') onEnd()
      else if (event === 'serialized-error') onRefusal(JSON.parse(data))
      else if (event === undefined && id !== undefined) onEvent(id, JSON.parse(data))
    },
  })
  try {
    const init = { headers: { accept: 'text/event-stream' }, signal: stop.signal }
    const response = await fetch(url, init)
    if (!response.ok || !response.body) {
      const body: unknown = await response.json().catch(() => null)
      // What a proxy in front of Loqui says may pass.
      if (response.status < 500 && body !== null && typeof body === 'object' && 'error' in body) {
        // What says no is Loqui, which writes it so.
        onRefusal(body.error as SuperJSONResult)
        return
      }
      throw new TypeError(`The server answered with status ${response.status}.`)
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      clearTimeout(silence)
      silence = wait()
      if (done) throw new TypeError('The connection ended.')
      feed(value)
      if (stop.signal.aborted) return
    }
  } finally {
    clearTimeout(silence)
  }
}
