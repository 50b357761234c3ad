import { createTRPCClient, type TRPCClient } from '@trpc/client'
import type { AppRouter } from './api.d.ts'
import { attempt, type Call, type RequestDefaults, type RequestOptions } from './attempt.ts'
import { Credentials, reasonOf, type TokenSource } from './credentials.ts'
import { fromStatus, notLoqui, readProblem } from './errors.ts'
import { type FetchInit, links } from './links.ts'
import { Socket } from './socket.ts'

export interface ConnectionOptions extends RequestDefaults {
  readonly baseUrl: URL
  readonly token: TokenSource | null
  readonly fetch: typeof globalThis.fetch
  readonly WebSocket: typeof globalThis.WebSocket | undefined
  /** What tells of the bytes that it has sent, where there is such a thing and nobody gave a `fetch` of their own. */
  readonly XMLHttpRequest: typeof globalThis.XMLHttpRequest | undefined
}

/** Puts credentials on a request. */
export type Authorize = (headers?: HeadersInit) => { headers: Headers; credentials: 'include' | 'omit' }

/** What every noun of the client speaks through. */
export class Connection {
  readonly trpc: TRPCClient<AppRouter>
  readonly XMLHttpRequest: ConnectionOptions['XMLHttpRequest']
  readonly #options: ConnectionOptions
  readonly #socket: Socket | null
  readonly #credentials: Credentials

  constructor(options: ConnectionOptions) {
    const { baseUrl, token, WebSocket, debug } = options
    this.#options = options
    this.#credentials = new Credentials(token)
    this.XMLHttpRequest = options.XMLHttpRequest
    const url = new URL('trpc', baseUrl)
    const socketUrl = new URL(url)
    socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    this.#socket = WebSocket
      ? new Socket({ url: socketUrl.href, WebSocket, token: () => this.#credentials.asker(), debug })
      : null
    this.trpc = createTRPCClient<AppRouter>({
      links: links({
        url: url.href,
        fetch: (input, init) => this.#fetchRpc(input, init),
        socket: this.#socket,
        renew: (reason) => this.#renew(reason),
      }),
    })
  }

  /** A call that changes nothing, or that the server answers a second time with its first answer. */
  async repeatable<T>(call: Call<T>, options: RequestOptions = {}): Promise<T> {
    await this.#credentials.token()
    return attempt(call, { ...options, repeatable: true }, this.#options)
  }

  /** A call that would happen twice when made twice. */
  async once<T>(call: Call<T>, options: RequestOptions = {}): Promise<T> {
    await this.#credentials.token()
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

  /**
   * A request to a path below the base URL, with the credentials on it.
   *
   * @param init what makes it, where it cannot be sent twice as it is: a stream is read once.
   */
  fetch(path: string, init: FetchInit | (() => FetchInit)): Promise<Response> {
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

  /** Sends something with the credentials on it; once more, with new ones, where they are over and others can be had. */
  async authorized(send: (authorize: Authorize) => Promise<Response>, repeatable = true): Promise<Response> {
    const token = await this.#credentials.token()
    const response = await send(authorizeBy(token))
    if (!repeatable || !this.#renew(await reasonOf(response), token)) return response
    return send(authorizeBy(await this.#credentials.token()))
  }

  /** From now on speaks as whom `token` belongs to; with `null`, as the browser's cookie says. */
  authenticate(token: string | null): void {
    this.#credentials.replace(token)
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

  #fetch(input: RequestInfo | URL, given: FetchInit | (() => FetchInit) = {}): Promise<Response> {
    const { fetch, debug } = this.#options
    return this.authorized(
      (authorize) => {
        const init = typeof given === 'function' ? given() : given
        const { method = 'GET', signal = null } = init
        const send = () => fetch(input, { ...init, signal, ...authorize(init.headers) })
        // Most clients tell nobody, and have no use for what could.
        return debug ? import('./debug.ts').then(({ told }) => told(debug, input, method, send)) : send()
      },
      // A stream has been read.
      typeof given === 'function' || !(given.body instanceof ReadableStream),
    )
  }

  /** @returns whether there are or will be other credentials than `used`, which were refused for `reason`. */
  #renew(reason: string | undefined, used?: string | null): boolean {
    if (!this.#credentials.renew(reason, used)) return false
    this.#socket?.retire()
    return true
  }
}

/** @param token `null` for the browser's cookie. */
const authorizeBy =
  (token: string | null): Authorize =>
  (given) => {
    const headers = new Headers(given)
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    // With a token, a cookie would only raise the question which of the two counts.
    return { headers, credentials: token === null ? 'include' : 'omit' }
  }

const typeOf = ({ headers }: Response) => headers.get('content-type') ?? ''
