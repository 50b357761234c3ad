import { createWSClient, type TRPCWebSocketClient } from '@trpc/client'

/** A socket nobody uses is kept for this long: enough for the next call of a script, and no script waits for it to end. */
const idleMs = 250
/** How long the first socket, and one after it, may take to open before subscriptions go another way. */
const patienceMs = { first: 3_000, later: 10_000 }
/** After that long without it, the socket is tried again. */
const blockedMs = 60_000
/** A connection that died silently is noticed within the sum of both. */
const keepAlive = { enabled: true, intervalMs: 15_000, pongTimeoutMs: 5_000 }

export interface SocketOptions {
  readonly url: string
  readonly WebSocket: typeof globalThis.WebSocket
  readonly token: () => string | null
}

/** The one socket of a client: opened when first used, closed when nobody uses it. */
export class Socket {
  readonly #options: SocketOptions
  readonly #users = new Set<() => void>()
  #client: TRPCWebSocketClient | null = null
  #hasOpened = false
  #blockedUntil = 0
  #idle: ReturnType<typeof setTimeout> | undefined
  #patience: ReturnType<typeof setTimeout> | undefined

  constructor(options: SocketOptions) {
    this.#options = options
  }

  /** True for a while after no socket got through: some proxies let none. */
  get isBlocked(): boolean {
    return Date.now() < this.#blockedUntil
  }

  /** @param onBlocked called when the socket does not open (again); its user then has to do without. */
  use(onBlocked: () => void): { readonly client: TRPCWebSocketClient; release(): void } {
    clearTimeout(this.#idle)
    this.#users.add(onBlocked)
    this.#client ??= this.#open()
    const release = () => {
      if (!this.#users.delete(onBlocked) || this.#users.size > 0) return
      this.#idle = setTimeout(() => this.close(), idleMs)
    }
    return { client: this.#client, release }
  }

  /** Ends the socket and what is subscribed through it. The next use opens a new one, with the credentials of then. */
  close(): void {
    clearTimeout(this.#idle)
    this.#stopWaiting()
    void this.#client?.close()
    this.#client = null
  }

  #open(): TRPCWebSocketClient {
    const { url, WebSocket, token } = this.#options
    const client = createWSClient({
      url,
      WebSocket,
      connectionParams: token() === null ? null : () => ({ token: token() ?? undefined }),
      keepAlive,
      retryDelayMs: (attempt) => (attempt === 0 ? 0 : Math.min(10_000, 250 * 2 ** attempt) * (0.5 + Math.random() / 2)),
    })
    client.connectionState.subscribe({
      next: ({ state }) => {
        // One that was closed may still have something to say.
        if (this.#client !== null && this.#client !== client) return
        if (state === 'connecting') this.#patience ??= this.#waitForIt()
        else this.#stopWaiting()
        if (state === 'pending') this.#hasOpened = true
      },
    })
    return client
  }

  #waitForIt(): ReturnType<typeof setTimeout> {
    return setTimeout(
      () => {
        this.#blockedUntil = Date.now() + blockedMs
        for (const onBlocked of [...this.#users]) onBlocked()
      },
      this.#hasOpened ? patienceMs.later : patienceMs.first,
    )
  }

  #stopWaiting(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
  }
}
