import type { EngineId, SpeakSettings, Voice } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { Listing, type PageInput } from './listing.ts'

export interface ListVoicesInput extends PageInput {
  /** `cloned` ones are your own. */
  readonly kind?: Voice['kind'] | undefined
  readonly gender?: Voice['gender'] | undefined
  /** BCP 47; `en` finds `en-US` and `en-GB`. */
  readonly language?: string | undefined
  readonly engine?: EngineId | undefined
  /** True for those that can speak now, false for those that cannot. @default both */
  readonly available?: boolean | undefined
  /** Words of which each is in the name, the description, a label or an alias, in any case. */
  readonly search?: string | undefined
}

/** What is said of a voice of one's own. */
interface VoiceFields {
  /** For people. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly gender?: Voice['gender'] | undefined
  /** BCP 47. */
  readonly language?: string | undefined
  /** What a generation takes where it does not say otherwise. */
  readonly settings?: SpeakSettings | undefined
  /** A voice of another engine that speaks in its place where its own does not work, unless a generation says otherwise; `null`: nobody. */
  readonly fallbackVoiceId?: string | null | undefined
  /** At most 10, such as `{ mood: 'calm' }`. */
  readonly labels?: Record<string, string> | undefined
  /** What you also call it: up to 20, of letters from a to z, digits, dots, dashes and underscores. */
  readonly aliases?: string[] | undefined
}

export interface CreateVoiceInput extends VoiceFields {
  readonly name: string
  /** `smp_…`: what it is made from, 1 to 25. */
  readonly sampleIds: string[]
  /** `con_…`: one that covers all of the samples. Without it there is no voice. */
  readonly consentId?: string | null | undefined
  /** @default the one that follows samples best */
  readonly engine?: EngineId | undefined
}

/** What is to change; what is left out stays. Settings, labels and aliases are replaced as a whole. */
export interface UpdateVoiceInput extends VoiceFields {
  /** `voi_…`; of a preset only your `aliases` can be changed. */
  readonly id: string
}

/** What can speak. */
export class Voices {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * The voices you can use. One that cannot speak now is among them, and says why in `unavailable`.
   *
   * @example
   * ```ts
   * const { items } = await loqui.voices.list({ gender: 'female', language: 'en', available: true })
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

  /**
   * Makes a voice from samples, by the consent of who speaks in them. Look at its `fidelity`: `preview` is one that follows
   * the samples' pitch and pace only, which has to be said wherever it is shown.
   *
   * @throws {PermissionDeniedError} `consent_required`: there is no consent that holds and covers the samples.
   * @throws {InvalidInputError} `voice_not_cloneable`: no engine here can, or there is no voice in the samples.
   * @throws {NotFoundError} `sample_not_found`.
   * @throws {ConflictError} `alias_taken`.
   * @example
   * ```ts
   * const voice = await loqui.voices.create({ name: 'Ada', sampleIds: [sample.id], consentId: consent.id })
   * const speech = await loqui.speak({ text: 'Hello.', voiceId: voice.id })
   * ```
   */
  create(input: CreateVoiceInput, options?: RequestOptions): Promise<Voice> {
    return this.#connection.once((signal) => this.#connection.trpc.voices.create.mutate(input, { signal }), options)
  }

  /**
   * Changes what is said of a voice of your own; of a preset, what you call it.
   *
   * @throws {NotFoundError} `voice_not_found`.
   * @throws {PermissionDeniedError} `forbidden`: a preset is everybody's.
   * @throws {ConflictError} `alias_taken`.
   * @example
   * ```ts
   * await loqui.voices.update({ id: 'voi_…', settings: { speed: 0.9 }, aliases: ['narrator'] })
   * const speech = await loqui.speak({ text: 'Once upon a time.', voiceId: 'narrator' })
   * ```
   */
  update(input: UpdateVoiceInput, options?: RequestOptions): Promise<Voice> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.voices.update.mutate(input, { signal }),
      options,
    )
  }

  /**
   * Deletes a voice of your own. What it has spoken stays, and so do its samples and their consent.
   *
   * @throws {NotFoundError} `voice_not_found`.
   * @throws {PermissionDeniedError} `forbidden`: a preset is everybody's.
   * @example
   * ```ts
   * await loqui.voices.delete('voi_…')
   * ```
   */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.#connection.once((signal) => this.#connection.trpc.voices.delete.mutate({ id }, { signal }), options)
  }
}
