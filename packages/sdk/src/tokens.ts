import type { BrowserToken, Scope } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'

export interface CreateTokenInput {
  /** What it may do: part of what the key may, and never manage keys or administer. */
  readonly scopes: Exclude<Scope, 'keys:read' | 'keys:write' | 'admin'>[]
  /** 1 to 3600, an hour. @default 600 */
  readonly expiresInSeconds?: number | undefined
}

/** What pages get in place of an API key, which no page should hold. */
export class Tokens {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Makes a token for a page: it may do part of what this client's key may, for a short time, over HTTP, sockets and
   * downloads alike. It is one with its key: it draws on the same limits, sees the same account, and ends with it.
   *
   * @throws {PermissionDeniedError} `forbidden` unless an API key asks; `scope_missing` for what the key may not itself.
   * @example
   * ```ts
   * // On your server, for a page of a person that it knows:
   * app.post('/voice-token', async (req, res) => {
   *   const { token } = await loqui.tokens.create({ scopes: ['generations:write', 'generations:read'] })
   *   res.send(token)
   * })
   * // In the page, where a token that is over is asked for anew:
   * const loqui = new Loqui({
   *   baseUrl: 'https://voice.example.com',
   *   token: () => fetch('/voice-token', { method: 'POST' }).then((answer) => answer.text()),
   * })
   * ```
   */
  create(input: CreateTokenInput, options?: RequestOptions): Promise<BrowserToken> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.tokens.create.mutate(input, { signal }),
      options,
    )
  }
}
