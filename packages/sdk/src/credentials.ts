import { UnauthenticatedError } from './errors.ts'

/** The token of a session or of a page, or what gets one: `auth.login()` and `tokens.create()` make them. */
export type TokenSource = string | (() => string | Promise<string>)

/** Reasons that another token is an answer to. */
const over = ['token_expired', 'session_expired']

/** As whom a client speaks. */
export class Credentials {
  #source: TokenSource | null
  #token: Promise<string> | undefined
  /** The one that was over. */
  #last: string | undefined

  constructor(source: TokenSource | null) {
    this.#source = source
  }

  /**
   * What goes into `Authorization: Bearer`; `null` for the browser's cookie.
   *
   * @throws whatever the source throws; {UnauthenticatedError} it gives the token again that is over.
   */
  async token(): Promise<string | null> {
    if (typeof this.#source !== 'function') return this.#source
    this.#token ??= this.#ask(this.#source)
    return this.#token
  }

  /** What asks for the token; `null` for the browser's cookie. */
  asker(): (() => Promise<string | null>) | null {
    return this.#source === null ? null : () => this.token()
  }

  /**
   * @param used the token that was refused for `reason`. Somebody else may have found so before.
   * @returns whether it is worth to try again.
   */
  renew(reason: string | undefined, used: string | null = this.#last ?? null): boolean {
    if (typeof this.#source !== 'function' || reason === undefined || !over.includes(reason)) return false
    if (used === this.#last) this.#token = undefined
    return true
  }

  /** From now on another, or with `null` the cookie. */
  replace(token: string | null): void {
    this.#source = token
  }

  async #ask(source: () => string | Promise<string>): Promise<string> {
    try {
      const token = await source()
      if (token === this.#last) {
        throw new UnauthenticatedError('The token was asked for anew, and came as it was.', {
          reason: 'token_expired',
          status: 401,
        })
      }
      this.#last = token
      return token
    } catch (error) {
      // It is asked again by the next call.
      this.#token = undefined
      throw error
    }
  }
}

/** The reason that an answer of status 401 gives, which stays readable. */
export async function reasonOf(response: Response): Promise<string | undefined> {
  if (response.status !== 401) return undefined
  const text = await response.clone().text()
  return over.find((reason) => text.includes(`"reason":"${reason}"`))
}
