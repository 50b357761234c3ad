import type { ApiKey, CreatedKey, Scope } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { Listing, type PageInput } from './listing.ts'

export interface CreateKeyInput {
  /** For people, to tell it from others. */
  readonly name: string
  /** What it may do. @default to make and read generations, and to read voices and usage */
  readonly scopes?: Scope[] | undefined
  /** Days until it expires, at most 3650; `null` for never. @default 90 */
  readonly expiresInDays?: number | null | undefined
  /**
   * How many requests it may make a minute, at most 1,000,000, beside what your plan allows all your keys together. Made
   * by a key that has such a limit it shares that one's, and may have a lower one but no higher.
   * @default no limit of its own, or that of the key that makes it
   */
  readonly requestsPerMinute?: number | undefined
}

/** API keys: what programs use instead of a person's session. */
export class Keys {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Makes a key. Its `secret` is shown this once.
   *
   * @throws {PermissionDeniedError} `scope_missing`: a key gives no scope that it does not have; `forbidden`: nor more requests a
   * minute than its own.
   * @example
   * ```ts
   * const { key, secret } = await loqui.keys.create({ name: 'Newsletter', expiresInDays: 365 })
   * ```
   */
  create(input: CreateKeyInput, options?: RequestOptions): Promise<CreatedKey> {
    return this.#connection.once((signal) => this.#connection.trpc.keys.create.mutate(input, { signal }), options)
  }

  /**
   * Yours, newest first, revoked ones included.
   *
   * @example
   * ```ts
   * for await (const { name, lastUsedAt } of loqui.keys.list()) console.log(name, lastUsedAt)
   * ```
   */
  list(input: PageInput = {}, options?: RequestOptions): Listing<ApiKey> {
    return new Listing((page) =>
      this.#connection.repeatable(
        (signal) => this.#connection.trpc.keys.list.query({ ...input, ...page }, { signal }),
        options,
      ),
    )
  }

  /**
   * Ends a key for good.
   *
   * @throws {NotFoundError} `key_not_found`.
   * @example
   * ```ts
   * await loqui.keys.revoke('key_…')
   * ```
   */
  revoke(id: string, options?: RequestOptions): Promise<ApiKey> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.keys.revoke.mutate({ id }, { signal }),
      options,
    )
  }
}
