import { createTRPCClient, type TRPCClient } from '@trpc/client'
import type { AppRouter } from './api.d.ts'
import { attempt, type Call, type RequestDefaults, type RequestOptions } from './attempt.ts'
import { fromStatus, notLoqui, readProblem } from './errors.ts'
import { type FetchInit, links } from './links.ts'
import { Socket } from './socket.ts'

export interface ConnectionOptions extends RequestDefaults {
  readonly baseUrl: URL
  readonly token: string | null
  readonly fetch: typeof globalThis.fetch
  readonly WebSocket: typeof globalThis.WebSocket | undefined
  /** What tells of the bytes that it has sent, where there is such a thing and nobody gave a `fetch` of their own. */
  readonly XMLHttpRequest: typeof globalThis.XMLHttpRequest | undefined
}

/** What every noun of the client speaks through. */
export class Connection {
  readonly trpc: TRPCClient<AppRouter>
  readonly XMLHttpRequest: ConnectionOptions['XMLHttpRequest']
  readonly #options: ConnectionOptions
  readonly #socket: Socket | null
  #token: string | null

  constructor(options: ConnectionOptions) {
    const { baseUrl, token, WebSocket } = options
    this.#options = options
    this.#token = token
    this.XMLHttpRequest = options.XMLHttpRequest
    const url = new URL('trpc', baseUrl)
    const socketUrl = new URL(url)
    socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    this.#socket = WebSocket ? new Socket({ url: socketUrl.href, WebSocket, token: () => this.#token }) : null
    this.trpc = createTRPCClient<AppRouter>({
      links: links(url.href, (input, init) => this.#fetchRpc(input, init), this.#socket),
    })
  }

  /** A call that changes nothing, or that the server answers a second time with its first answer. */
  repeatable<T>(call: Call<T>, options: RequestOptions = {}): Promise<T> {
    return attempt(call, { ...options, repeatable: true }, this.#options)
  }

  /** A call that would happen twice when made twice. */
  once<T>(call: Call<T>, options: RequestOptions = {}): Promise<T> {
    return attempt(call, { ...options, repeatable: false }, this.#options)
  }

  /** What is at a path below the base URL, as a stream. */
  download(path: string, options?: RequestOptions): Promise<Response> {
    return this.repeatable(async (signal) => {
      const response = await this.fetch(path, { signal })
      if (!response.ok) throw await readProblem(response)
      return response
    }, options)
  }

  /** A request to a path below the base URL, with the credentials on it. */
  fetch(path: string, init: FetchInit): Promise<Response> {
    return this.#fetch(this.resolve(path), init)
  }

  /**
   * What Loqui answered, in JSON.
   *
   * @throws {LoquiError} it refused, or what answered is not Loqui.
   */
  async read(response: Response): Promise<unknown> {
    if (!response.ok) throw await readProblem(response)
    if (!/json/.test(typeOf(response))) throw notLoqui(this.#options.baseUrl)
    return response.json()
  }

  resolve(path: string): URL {
    return new URL(path, this.#options.baseUrl)
  }

  /** Puts the credentials on a request. */
  authorize(given?: HeadersInit): { headers: Headers; credentials: 'include' | 'omit' } {
    const headers = new Headers(given)
    if (this.#token !== null) headers.set('authorization', `Bearer ${this.#token}`)
    // With a token, a cookie would only raise the question which of the two counts.
    return { headers, credentials: this.#token === null ? 'include' : 'omit' }
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
    if (/json|event-stream/.test(typeOf(response))) return response
    throw response.ok ? notLoqui(this.#options.baseUrl) : fromStatus(response)
  }

  #fetch(input: RequestInfo | URL, init: FetchInit = {}): Promise<Response> {
    return this.#options.fetch(input, { ...init, signal: init.signal ?? null, ...this.authorize(init.headers) })
  }
}

const typeOf = ({ headers }: Response) => headers.get('content-type') ?? ''
