import type { Plan } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'

/** What accounts may use. */
export class Plans {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * All plans. Nobody has to be logged in.
   *
   * @example
   * ```ts
   * for (const plan of await loqui.plans.list()) console.log(plan.name, plan.secondsPerMonth)
   * ```
   */
  list(options?: RequestOptions): Promise<Plan[]> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.plans.list.query(undefined, { signal }),
      options,
    )
  }
}
