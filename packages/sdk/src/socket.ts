import { createWSClient, type TRPCWebSocketClient } from '@trpc/client'
import type { Debug } from './debug.ts'

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
  /** `null` where the browser's cookie says who it is. */
  readonly token: () => (() => Promise<string | null>) | null
  readonly debug?: Debug | undefined
}

/** A socket, and who is to be told when it does not open (again). */
interface Line {
  readonly client: TRPCWebSocketClient
  readonly users: Set<() => void>
}

/** The one socket of a client: opened when first used, closed when nobody uses it. */
export class Socket {
  readonly #options: SocketOptions
  #line: Line | null = null
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
    this.#line ??= this.#open()
    const line = this.#line
    line.users.add(onBlocked)
    const release = () => {
      if (!line.users.delete(onBlocked) || line.users.size > 0) return
      if (line === this.#line) this.#idle = setTimeout(() => this.close(), idleMs)
      else void line.client.close()
    }
    return { client: line.client, release }
  }

  /** Ends the socket and what is subscribed through it. The next use opens a new one, with the credentials of then. */
  close(): void {
    const line = this.#line
    this.#letGo()
    void line?.client.close()
  }

  /** The same for the uses to come; what is subscribed ends as the server says, and the socket with the last of it. */
  retire(): void {
    const line = this.#line
    this.#letGo()
    if (line?.users.size === 0) void line.client.close()
  }

  #letGo(): void {
    clearTimeout(this.#idle)
    this.#stopWaiting()
    this.#line = null
  }

  #open(): Line {
    const { url, WebSocket, token, debug } = this.#options
    const ask = token()
    const client = createWSClient({
      url,
      WebSocket,
      connectionParams: ask && (async () => ({ token: (await ask()) ?? undefined })),
      keepAlive,
      retryDelayMs: (attempt) => (attempt === 0 ? 0 : Math.min(10_000, 250 * 2 ** attempt) * (0.5 + Math.random() / 2)),
    })
    client.connectionState.subscribe({
      next: ({ state }) => {
        debug?.({ type: 'socket', state })
        // One that was closed may still have something to say.
        if (this.#line !== null && this.#line.client !== client) return
        if (state === 'connecting') this.#patience ??= this.#waitForIt()
        else this.#stopWaiting()
        if (state === 'pending') this.#hasOpened = true
      },
    })
    return { client, users: new Set() }
  }

  #waitForIt(): ReturnType<typeof setTimeout> {
    return setTimeout(
      () => {
        this.#blockedUntil = Date.now() + blockedMs
        for (const onBlocked of [...(this.#line?.users ?? [])]) onBlocked()
      },
      this.#hasOpened ? patienceMs.later : patienceMs.first,
    )
  }

  #stopWaiting(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
  }
}
