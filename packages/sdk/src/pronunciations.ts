import type { Pronunciation } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { Listing, type PageInput } from './listing.ts'

export interface CreatePronunciationInput {
  /** What is written, at most 100 characters: whole words are found, and of several that apply the longest. */
  readonly phrase: string
  /** What is spoken in its place, at most 100 characters. */
  readonly replacement: string
  /** @default false */
  readonly caseSensitive?: boolean | undefined
  /** Only where this is spoken, such as `en`. @default every language */
  readonly language?: string | null | undefined
  /** `voi_…`: only by this voice. @default all voices */
  readonly voiceId?: string | null | undefined
}

/** What is not given stays as it is. */
export type UpdatePronunciationInput = Partial<CreatePronunciationInput>

/** How words are to be said. A generation keeps those of when it was created; captions keep what was written. */
export class Pronunciations {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * @throws {ConflictError} `pronunciation_exists`.
   * @throws {NotFoundError} `voice_not_found`.
   * @example
   * ```ts
   * await loqui.pronunciations.create({ phrase: 'SQL', replacement: 'sequel' })
   * ```
   */
  create(input: CreatePronunciationInput, options?: RequestOptions): Promise<Pronunciation> {
    return this.#connection.once(
      (signal) => this.#connection.trpc.pronunciations.create.mutate(input, { signal }),
      options,
    )
  }

  /**
   * Yours, newest first.
   *
   * @example
   * ```ts
   * for await (const { phrase, replacement } of loqui.pronunciations.list()) console.log(phrase, replacement)
   * ```
   */
  list(input: PageInput = {}, options?: RequestOptions): Listing<Pronunciation> {
    return new Listing((page) =>
      this.#connection.repeatable(
        (signal) => this.#connection.trpc.pronunciations.list.query({ ...input, ...page }, { signal }),
        options,
      ),
    )
  }

  /**
   * @throws {NotFoundError} `pronunciation_not_found`, `voice_not_found`.
   * @throws {ConflictError} `pronunciation_exists`.
   * @example
   * ```ts
   * await loqui.pronunciations.update('pro_…', { replacement: 'S Q L' })
   * ```
   */
  update(id: string, input: UpdatePronunciationInput, options?: RequestOptions): Promise<Pronunciation> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.pronunciations.update.mutate({ id, ...input }, { signal }),
      options,
    )
  }

  /**
   * @throws {NotFoundError} `pronunciation_not_found`.
   * @example
   * ```ts
   * await loqui.pronunciations.delete('pro_…')
   * ```
   */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.#connection.once(
      (signal) => this.#connection.trpc.pronunciations.delete.mutate({ id }, { signal }),
      options,
    )
  }
}
