import type { Account, SessionStart } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'

export interface LoginInput {
  readonly email: string
  readonly password: string
}

export interface RegisterInput extends LoginInput {
  readonly name?: string | null | undefined
}

/** Sessions of people. After `register` or `login` this client speaks as that account. */
export class Auth {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Makes an account and opens its first session.
   *
   * @throws {ConflictError} `email_taken`.
   * @throws {InvalidInputError} the address is none, or the password shorter than 8 characters.
   * @example
   * ```ts
   * const { user } = await loqui.auth.register({ email: 'ada@example.com', password })
   * ```
   */
  async register(input: RegisterInput, options?: RequestOptions): Promise<SessionStart> {
    return this.#begin(
      await this.#connection.once((signal) => this.#connection.trpc.auth.register.mutate(input, { signal }), options),
    )
  }

  /**
   * Opens a session. In a browser it is in a cookie; elsewhere the client keeps its token, which the answer has too.
   *
   * @throws {UnauthenticatedError} `wrong_credentials`.
   * @example
   * ```ts
   * const { user, token } = await loqui.auth.login({ email: 'ada@example.com', password })
   * ```
   */
  async login(input: LoginInput, options?: RequestOptions): Promise<SessionStart> {
    return this.#begin(
      await this.#connection.once((signal) => this.#connection.trpc.auth.login.mutate(input, { signal }), options),
    )
  }

  /**
   * Ends the session.
   *
   * @example
   * ```ts
   * await loqui.auth.logout()
   * ```
   */
  async logout(options?: RequestOptions): Promise<void> {
    await this.#connection.once((signal) => this.#connection.trpc.auth.logout.mutate(undefined, { signal }), options)
    this.#connection.authenticate(null)
  }

  /**
   * Whose credentials these are.
   *
   * @throws {UnauthenticatedError}
   * @example
   * ```ts
   * const { email, planId } = await loqui.auth.me()
   * ```
   */
  me(options?: RequestOptions): Promise<Account> {
    return this.#connection.repeatable((signal) => this.#connection.trpc.auth.me.query(undefined, { signal }), options)
  }

  #begin(session: SessionStart): SessionStart {
    this.#connection.authenticate(session.token)
    return session
  }
}
