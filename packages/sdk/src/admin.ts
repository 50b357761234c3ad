import type {
  Account,
  AccountDetails,
  Budget,
  EngineReport,
  Plan,
  PlanWithAccounts,
  QuotaAdjustment,
  QuotaEntry,
  UsageDimension,
  UsageReport,
} from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { newIdempotencyKey, type OnceOptions } from './idempotency.ts'
import { Listing, type PageInput } from './listing.ts'
import type { UsageHistoryInput } from './usage.ts'

export interface ListUsersInput extends PageInput {
  /** Part of an e-mail address or of a name, in any case. */
  readonly search?: string | undefined
}

/** What is to change; what is left out stays. */
export interface UpdateUserInput {
  /** `usr_…` */
  readonly id: string
  readonly planId?: string | undefined
  readonly role?: Account['role'] | undefined
  /** Disabling ends every session at once. */
  readonly disabled?: boolean | undefined
}

export interface AdjustQuotaInput {
  /** `usr_…` */
  readonly userId: string
  /** Milliseconds of audio: added, or with a minus taken; at most what is left. */
  readonly ms: number
  /** Why. It stands in the ledger for good. */
  readonly note: string
}

export interface RefundInput {
  /** `gen_…` */
  readonly generationId: string
  /** Why. It stands in the ledger for good. */
  readonly note: string
}

export interface QuotaEntriesInput extends PageInput {
  /** `usr_…` */
  readonly userId: string
}

/** What may be spent in a calendar month (UTC), in millionths of a dollar. */
export interface SetBudgetInput {
  /** `usr_…`; `null` for the whole installation. */
  readonly userId: string | null
  /** From here on the log warns; `null` for never. */
  readonly alertMicros: number | null
  /** Nothing begins that could go beyond; `null` for no end. With neither there is no budget any more. */
  readonly limitMicros: number | null
}

/** Which days, and what they are summed by. */
export interface ListCostsInput extends Pick<UsageHistoryInput, 'to' | 'limit'> {
  /** `YYYY-MM-DD`, in UTC. @default the first of the month of `to` */
  readonly from?: string | undefined
  /** @default 'user' */
  readonly by?: UsageDimension | undefined
}

/** What an administrator does. Everyone else gets a `PermissionDeniedError`. */
export class Admin {
  readonly #connection: Connection

  /** Accounts of others. */
  readonly users: {
    /**
     * Newest first.
     *
     * @example
     * ```ts
     * for await (const { id, email } of loqui.admin.users.list({ search: '@example.com' })) console.log(id, email)
     * ```
     */
    list(input?: ListUsersInput, options?: RequestOptions): Listing<Account>
    /**
     * With what is used, what it cost this month, and the budget.
     *
     * @throws {NotFoundError} `user_not_found`.
     * @example
     * ```ts
     * const { email, usage, budget } = await loqui.admin.users.get('usr_…')
     * ```
     */
    get(id: string, options?: RequestOptions): Promise<AccountDetails>
    /**
     * Changes an account's plan, role or access.
     *
     * @throws {NotFoundError} `user_not_found`, `plan_not_found`.
     * @example
     * ```ts
     * await loqui.admin.users.update({ id: 'usr_…', planId: 'pro' })
     * ```
     */
    update(input: UpdateUserInput, options?: RequestOptions): Promise<Account>
  }

  /** Plans. */
  readonly plans: {
    /**
     * All plans, and how many accounts are on each.
     *
     * @example
     * ```ts
     * for (const { id, accounts } of await loqui.admin.plans.list()) console.log(id, accounts)
     * ```
     */
    list(options?: RequestOptions): Promise<PlanWithAccounts[]>
    /**
     * Makes or changes a plan. Accounts on it feel the change with their next generation.
     *
     * @throws {InvalidInputError}
     * @example
     * ```ts
     * await loqui.admin.plans.upsert({
     *   id: 'pro',
     *   name: 'Pro',
     *   secondsPerMonth: 36_000,
     *   requestsPerMinute: 120,
     *   concurrency: 8,
     *   storageBytes: 10_000_000_000,
     *   maxCharacters: 200_000,
     * })
     * ```
     */
    upsert(plan: Plan, options?: RequestOptions): Promise<Plan>
  }

  /** The ledger of what accounts may use. */
  readonly quota: {
    /**
     * Adds to what an account has left in its running period, or takes from it.
     *
     * @throws {NotFoundError} `user_not_found`.
     * @throws {InvalidInputError} for taking more than is left.
     * @example
     * ```ts
     * const { account } = await loqui.admin.quota.adjust({ userId: 'usr_…', ms: 60_000, note: 'For the trouble.' })
     * console.log(account.remainingMs)
     * ```
     */
    adjust(input: AdjustQuotaInput, options?: OnceOptions): Promise<QuotaAdjustment>
    /**
     * Gives back what a generation was charged, once.
     *
     * @throws {NotFoundError} `generation_not_found`.
     * @throws {ConflictError} `refund_not_possible`: it was charged nothing, was refunded already, or has not ended.
     * @example
     * ```ts
     * await loqui.admin.quota.refund({ generationId: 'gen_…', note: 'It lisped.' })
     * ```
     */
    refund(input: RefundInput, options?: OnceOptions): Promise<QuotaEntry>
    /**
     * Every line of an account's ledger, newest first.
     *
     * @throws {NotFoundError} `user_not_found`.
     * @example
     * ```ts
     * for await (const { kind, ms, note } of loqui.admin.quota.entries({ userId: 'usr_…' })) console.log(kind, ms, note)
     * ```
     */
    entries(input: QuotaEntriesInput, options?: RequestOptions): Listing<QuotaEntry>
  }

  /** What engines' providers may be paid in a month. */
  readonly budgets: {
    /**
     * The installation's first, then those of users.
     *
     * @example
     * ```ts
     * for await (const { email, spentMicros, limitMicros } of loqui.admin.budgets.list()) {
     *   console.log(email ?? 'all', spentMicros, limitMicros)
     * }
     * ```
     */
    list(input?: PageInput, options?: RequestOptions): Listing<Budget>
    /**
     * Sets or, with neither alert nor limit, removes a budget.
     *
     * @returns `null` when there is none any more.
     * @throws {NotFoundError} `user_not_found`.
     * @throws {InvalidInputError} for an alert above the limit.
     * @example
     * ```ts
     * await loqui.admin.budgets.set({ userId: null, alertMicros: 40_000_000, limitMicros: 50_000_000 })
     * ```
     */
    set(input: SetBudgetInput, options?: RequestOptions): Promise<Budget | null>
  }

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
    this.users = {
      list: (input, options) =>
        new Listing((page) =>
          connection.repeatable(
            (signal) => connection.trpc.admin.users.list.query({ ...input, ...page }, { signal }),
            options,
          ),
        ),
      get: (id, options) =>
        connection.repeatable((signal) => connection.trpc.admin.users.get.query({ id }, { signal }), options),
      update: (input, options) =>
        connection.repeatable((signal) => connection.trpc.admin.users.update.mutate(input, { signal }), options),
    }
    this.plans = {
      list: (options) =>
        connection.repeatable((signal) => connection.trpc.admin.plans.list.query(undefined, { signal }), options),
      upsert: (plan, options) =>
        connection.repeatable((signal) => connection.trpc.admin.plans.upsert.mutate(plan, { signal }), options),
    }
    this.quota = {
      adjust: (input, options) => {
        const context = { idempotencyKey: options?.idempotencyKey ?? newIdempotencyKey() }
        return connection.repeatable(
          (signal) => connection.trpc.admin.quota.adjust.mutate(input, { signal, context }),
          options,
        )
      },
      refund: (input, options) => {
        const context = { idempotencyKey: options?.idempotencyKey ?? newIdempotencyKey() }
        return connection.repeatable(
          (signal) => connection.trpc.admin.quota.refund.mutate(input, { signal, context }),
          options,
        )
      },
      entries: (input, options) =>
        new Listing((page) =>
          connection.repeatable(
            (signal) => connection.trpc.admin.quota.entries.query({ ...input, ...page }, { signal }),
            options,
          ),
        ),
    }
    this.budgets = {
      list: (input, options) =>
        new Listing((page) =>
          connection.repeatable(
            (signal) => connection.trpc.admin.budgets.list.query({ ...input, ...page }, { signal }),
            options,
          ),
        ),
      set: (input, options) =>
        connection.repeatable((signal) => connection.trpc.admin.budgets.set.mutate(input, { signal }), options),
    }
  }

  /**
   * What everybody's generations cost, by user unless asked for otherwise.
   *
   * @throws {InvalidInputError} for a range that ends before it begins, or is longer than 366 days.
   * @example
   * ```ts
   * const { rows, total } = await loqui.admin.costs({ by: 'engine' })
   * console.log(total.costMicros / 1_000_000, rows)
   * ```
   */
  costs(input: ListCostsInput = {}, options?: RequestOptions): Promise<UsageReport> {
    return this.#connection.repeatable((signal) => this.#connection.trpc.admin.costs.query(input, { signal }), options)
  }

  /**
   * How every engine does: whether it is configured and works, how quick it is, how often it fails, what it costs today.
   *
   * @example
   * ```ts
   * for (const { id, configured, breaker } of await loqui.admin.engines()) console.log(id, configured, breaker)
   * ```
   */
  engines(options?: RequestOptions): Promise<EngineReport[]> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.monitoring.engines.query(undefined, { signal }),
      options,
    )
  }
}
