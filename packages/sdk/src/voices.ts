import type { Voice } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { Listing, type PageInput } from './listing.ts'

export interface ListVoicesInput extends PageInput {
  readonly gender?: Voice['gender'] | undefined
  /** BCP 47; `en` finds `en-US` and `en-GB`. */
  readonly language?: string | undefined
  readonly engine?: string | undefined
}

/** What can speak. */
export class Voices {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * The voices you can use.
   *
   * @example
   * ```ts
   * const { items } = await loqui.voices.list({ gender: 'female', language: 'en' })
   * ```
   */
  list(input: ListVoicesInput = {}, options?: RequestOptions): Listing<Voice> {
    return new Listing((page) =>
      this.#connection.repeatable(
        (signal) => this.#connection.trpc.voices.list.query({ ...input, ...page }, { signal }),
        options,
      ),
    )
  }

  /**
   * @throws {NotFoundError} `voice_not_found`.
   * @example
   * ```ts
   * const { name } = await loqui.voices.get('voi_…')
   * ```
   */
  get(id: string, options?: RequestOptions): Promise<Voice> {
    return this.#connection.repeatable((signal) => this.#connection.trpc.voices.get.query({ id }, { signal }), options)
  }
}
