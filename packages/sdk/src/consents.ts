import type { Consent, ConsentStatement } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { Listing, type PageInput } from './listing.ts'

/** In which language. */
export interface ConsentStatementInput {
  /** BCP 47: of `de-AT` the German one is given. @default 'en' */
  readonly locale?: string | undefined
}

/** What a person states of the voice in some samples. */
export interface CreateConsentInput {
  /** `smp_…`: what it covers, 1 to 25 samples of one voice. */
  readonly sampleIds: string[]
  /** Whose voice it is: your own, or that of somebody who allowed it. */
  readonly speaker: Consent['speaker']
  readonly speakerName: string
  /** The `nonce` of the statement. */
  readonly nonce: string
  /** The `locale` of the statement. */
  readonly locale: ConsentStatement['locale']
  /** The `version` of the statement. */
  readonly statementVersion: string
  /** That the person has read the statement's `text` and agrees to it. Without that there is no consent. */
  readonly accepted: true
  /** `smp_…` of purpose `consent`: the statement's `phrase`, read aloud. */
  readonly recordingId?: string | null | undefined
  /** 1 to 3650. @default until it is revoked */
  readonly expiresInDays?: number | null | undefined
}

export interface ListConsentsInput extends PageInput {
  /** True for those that hold now, false for those that have ended. @default both */
  readonly live?: boolean | undefined
}

/** What allows a voice to be made of samples: somebody's word. */
export class Consents {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * What a person is asked to agree to, and a phrase that they can read aloud to prove it. It goes back with `create` within
   * an hour, and once.
   *
   * @throws {InvalidInputError} it is not written in that language.
   * @example
   * ```ts
   * const { text, phrase, nonce, locale, version } = await loqui.consents.statement({ locale: navigator.language })
   * ```
   */
  statement(input: ConsentStatementInput = {}, options?: RequestOptions): Promise<ConsentStatement> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.consents.statement.query(input, { signal }),
      options,
    )
  }

  /**
   * Writes down that a person consents. Only do so when they have read the statement and agreed.
   *
   * @throws {InvalidInputError} the statement is another, has expired or was used; a sample or the recording does not do.
   * @throws {NotFoundError} `sample_not_found`.
   * @example
   * ```ts
   * const { text, nonce, locale, version } = await loqui.consents.statement()
   * if (!confirm(text)) return
   * const consent = await loqui.consents.create({
   *   sampleIds: [sample.id],
   *   speaker: 'self',
   *   speakerName: 'Ada Lovelace',
   *   nonce,
   *   locale,
   *   statementVersion: version,
   *   accepted: true,
   * })
   * ```
   */
  create(input: CreateConsentInput, options?: RequestOptions): Promise<Consent> {
    return this.#connection.once((signal) => this.#connection.trpc.consents.create.mutate(input, { signal }), options)
  }

  /**
   * Yours, newest first, ended ones included.
   *
   * @example
   * ```ts
   * for await (const { id, speakerName, revokedAt } of loqui.consents.list()) console.log(id, speakerName, revokedAt)
   * ```
   */
  list(input: ListConsentsInput = {}, options?: RequestOptions): Listing<Consent> {
    return new Listing((page) =>
      this.#connection.repeatable(
        (signal) => this.#connection.trpc.consents.list.query({ ...input, ...page }, { signal }),
        options,
      ),
    )
  }

  /**
   * @throws {NotFoundError} `consent_not_found`.
   * @example
   * ```ts
   * const { statement, sampleIds, createdAt } = await loqui.consents.get('con_…')
   * ```
   */
  get(id: string, options?: RequestOptions): Promise<Consent> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.consents.get.query({ id }, { signal }),
      options,
    )
  }

  /**
   * Ends a consent for good. Its voices stop speaking at once, and the samples it covers are deleted unless another consent
   * covers them, too.
   *
   * @throws {NotFoundError} `consent_not_found`.
   * @example
   * ```ts
   * const { revokedAt } = await loqui.consents.revoke('con_…')
   * ```
   */
  revoke(id: string, options?: RequestOptions): Promise<Consent> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.consents.revoke.mutate({ id }, { signal }),
      options,
    )
  }
}
