import pg from 'pg'
import { type HintChannel, hintChannels } from './hint.ts'

export interface Listener {
  /**
   * Calls `onHint` whenever there may be something new under that channel and id: on a hint, and for everyone after a
   * reconnect, since hints sent meanwhile are lost. Answers the function that ends it.
   */
  on(channel: HintChannel, id: string, onHint: () => void): () => void
  close(): Promise<void>
}

const heartbeatMs = 10_000
const heartbeatTimeoutMs = 5_000
const reconnectMs = { first: 100, most: 5_000 }

/** Opens the one LISTEN connection of a process, shared by any number of listeners, and keeps it alive. */
export async function openListener(connectionString: string, onError: (error: unknown) => void): Promise<Listener> {
  const listeners = new Map<string, Set<() => void>>()
  let client: pg.Client | undefined
  let closed = false
  let retryMs = reconnectMs.first
  let retry: NodeJS.Timeout | undefined

  const tell = (key: string) => {
    for (const onHint of listeners.get(key) ?? []) onHint()
  }

  const connect = async () => {
    const next = new pg.Client({
      connectionString,
      application_name: 'loqui listen',
      connectionTimeoutMillis: 8_000,
      query_timeout: heartbeatTimeoutMs,
      keepAlive: true,
    })
    next.on('error', (error) => lost(next, error))
    next.on('end', () => lost(next))
    next.on('notification', ({ channel, payload }) => tell(`${channel} ${payload ?? ''}`))
    try {
      await next.connect()
      await next.query(hintChannels.map((channel) => `listen loqui_${channel}`).join(';'))
    } catch (error) {
      next.removeAllListeners('end')
      await next.end().catch(() => undefined)
      throw error
    }
    if (closed) return next.end()
    client = next
    retryMs = reconnectMs.first
  }

  const lost = (which: pg.Client, error?: Error) => {
    if (which !== client) return
    client = undefined
    // A half-open connection would keep `end` waiting for an answer that never comes.
    which.connection.stream.destroy()
    if (closed) return
    if (error) onError(error)
    reconnect()
  }

  const reconnect = () => {
    retry = setTimeout(async () => {
      try {
        await connect()
        for (const key of listeners.keys()) tell(key)
      } catch (error) {
        onError(error)
        if (!closed) reconnect()
      }
    }, retryMs)
    retryMs = Math.min(retryMs * 2, reconnectMs.most)
  }

  const heartbeat = setInterval(() => {
    const current = client
    current?.query('select 1').catch((error) => lost(current, error))
  }, heartbeatMs)
  heartbeat.unref()

  await connect()
  return {
    on(channel, id, onHint) {
      const key = `loqui_${channel} ${id}`
      const set = listeners.get(key) ?? new Set()
      listeners.set(key, set.add(onHint))
      return () => {
        set.delete(onHint)
        if (set.size === 0 && listeners.get(key) === set) listeners.delete(key)
      }
    },
    async close() {
      closed = true
      clearInterval(heartbeat)
      clearTimeout(retry)
      const last = client
      client = undefined
      await last?.end()
    },
  }
}
