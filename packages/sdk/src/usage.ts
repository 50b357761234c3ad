import type { CurrentUsage, UsageChange, UsageReport } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { events } from './events.ts'
import type { WatchOptions } from './generations.ts'

/** Which days, and what they are summed by. */
export interface UsageHistoryInput {
  /** `YYYY-MM-DD`, in UTC. @default thirty days, `to` included */
  readonly from?: string | undefined
  /** `YYYY-MM-DD`, in UTC and included; at most 366 days. @default today */
  readonly to?: string | undefined
  /** @default 'day' */
  readonly by?: 'day' | 'voice' | 'key' | 'engine' | undefined
  /** Most rows, 1 to 1000; days are never left out. @default 100 */
  readonly limit?: number | undefined
}

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

  /**
   * What was used in some days: by day without a gap, else with the dearest first.
   *
   * @throws {InvalidInputError} for a range that ends before it begins, or is longer than 366 days.
   * @example
   * ```ts
   * const { rows, total } = await loqui.usage.history({ by: 'voice', from: '2026-01-01', to: '2026-01-31' })
   * for (const { name, chargedMs } of rows) console.log(name, chargedMs / 1000)
   * ```
   */
  history(input: UsageHistoryInput = {}, options?: RequestOptions): Promise<UsageReport> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.usage.history.query(input, { signal }),
      options,
    )
  }

  /**
   * The running period as it is, at once, and as it is after each change. With `lastEventId` it is told at once only if it has
   * changed since that. It goes on until the loop is left or the signal aborted; a lost connection is made again, and what has
   * changed meanwhile is told as one.
   *
   * @throws {PermissionDeniedError} `scope_missing`: it takes `usage:read`.
   * @throws {InvalidInputError} `events_expired`: what came after `lastEventId` is not kept any more. Begin without it.
   * @throws {RateLimitedError} `concurrency_limited` for a minute: too much is subscribed to already.
   * @throws {ConnectionError} after a minute without a connection.
   * @example
   * ```ts
   * for await (const { usage } of loqui.usage.watch({ signal })) console.log(`${usage.remainingMs / 1000} s left`)
   * ```
   */
  watch({ signal, lastEventId }: WatchOptions = {}): AsyncGenerator<UsageChange, void, undefined> {
    return events<UsageChange>(
      (observer) => this.#connection.trpc.usage.watch.subscribe({ lastEventId }, observer),
      signal,
    )
  }
}
