import type { CurrentUsage } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'

/** What was used, and what is left. */
export class Usage {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * The running period.
   *
   * @example
   * ```ts
   * const { remainingMs, period } = await loqui.usage.current()
   * console.log(`${remainingMs / 1000} s until ${period.end}`)
   * ```
   */
  current(options?: RequestOptions): Promise<CurrentUsage> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.usage.current.query(undefined, { signal }),
      options,
    )
  }
}
