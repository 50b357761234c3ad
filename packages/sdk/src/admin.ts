import type { Account, Plan } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'

/** What is to change; what is left out stays. */
export interface UpdateUserInput {
  /** `usr_…` */
  readonly id: string
  readonly planId?: string | undefined
  readonly role?: Account['role'] | undefined
  /** Disabling ends every session at once. */
  readonly disabled?: boolean | undefined
}

/** What an administrator does. Everyone else gets a `PermissionDeniedError`. */
export class Admin {
  /** Accounts of others. */
  readonly users: {
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

  /** @internal */
  constructor(connection: Connection) {
    this.users = {
      update: (input, options) =>
        connection.repeatable((signal) => connection.trpc.admin.users.update.mutate(input, { signal }), options),
    }
    this.plans = {
      upsert: (plan, options) =>
        connection.repeatable((signal) => connection.trpc.admin.plans.upsert.mutate(plan, { signal }), options),
    }
  }
}
