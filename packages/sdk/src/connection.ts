import { createTRPCClient, type TRPCClient } from '@trpc/client'
import type { AppRouter } from './api.d.ts'
import { attempt, type RequestDefaults, type RequestOptions } from './attempt.ts'
import { fromStatus, notLoqui } from './errors.ts'
import { type FetchInit, links } from './links.ts'
import { Socket } from './socket.ts'

export interface ConnectionOptions extends RequestDefaults {
  readonly baseUrl: URL
  readonly token: string | null
  readonly fetch: typeof globalThis.fetch
  readonly WebSocket: typeof globalThis.WebSocket | undefined
}

/** What every noun of the client speaks through. */
export class Connection {
  readonly trpc: TRPCClient<AppRouter>
  readonly #options: ConnectionOptions
  readonly #socket: Socket | null
  #token: string | null

  constructor(options: ConnectionOptions) {
    const { baseUrl, token, WebSocket } = options
    this.#options = options
    this.#token = token
    const url = new URL('trpc', baseUrl)
    const socketUrl = new URL(url)
    socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    this.#socket = WebSocket ? new Socket({ url: socketUrl.href, WebSocket, token: () => this.#token }) : null
    this.trpc = createTRPCClient<AppRouter>({
      links: links(url.href, (input, init) => this.#fetchRpc(input, init), this.#socket),
    })
  }

  /** A call that changes nothing, or that the server answers a second time with its first answer. */
  repeatable<T>(call: (signal: AbortSignal) => Promise<T>, options: RequestOptions = {}): Promise<T> {
    return attempt(call, { ...options, repeatable: true }, this.#options)
  }

  /** A call that would happen twice when made twice. */
  once<T>(call: (signal: AbortSignal) => Promise<T>, options: RequestOptions = {}): Promise<T> {
    return attempt(call, { ...options, repeatable: false }, this.#options)
  }

  /** `GET` of a path below the base URL, with the credentials on it. */
  get(path: string, init: FetchInit): Promise<Response> {
    return this.#fetch(new URL(path, this.#options.baseUrl), init)
  }

  /** From now on speaks as whom `token` belongs to; with `null`, as the browser's cookie says. */
  authenticate(token: string | null): void {
    this.#token = token
    this.#socket?.close()
  }

  close(): void {
    this.#socket?.close()
  }

  /** tRPC reads JSON of whatever comes and forgets the rest when it is none, such as the page of a proxy. */
  async #fetchRpc(input: RequestInfo | URL, init?: FetchInit): Promise<Response> {
    const response = await this.#fetch(input, init)
    if (/json|event-stream/.test(response.headers.get('content-type') ?? '')) return response
    throw response.ok ? notLoqui(this.#options.baseUrl) : fromStatus(response)
  }

  #fetch(input: RequestInfo | URL, init: FetchInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.#token !== null) headers.set('authorization', `Bearer ${this.#token}`)
    // With a token, a cookie would only raise the question which of the two counts.
    const credentials = this.#token === null ? 'include' : 'omit'
    return this.#options.fetch(input, { ...init, signal: init.signal ?? null, headers, credentials })
  }
}
