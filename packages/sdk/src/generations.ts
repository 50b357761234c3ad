import type {
  Captions,
  Estimate,
  Generation,
  GenerationEvent,
  GenerationSegment,
  GenerationStatus,
  GenerationSummary,
  Link,
  SpeakSettings,
} from './api.d.ts'
import { deadline, type RequestOptions } from './attempt.ts'
import type { LinkOptions } from './audio-link.ts'
import type { Connection } from './connection.ts'
import { ended } from './ended.ts'
import { GenerationFailedError } from './errors.ts'
import { events } from './events.ts'
import { newIdempotencyKey, type OnceOptions } from './idempotency.ts'
import { Listing, type PageInput } from './listing.ts'
import { type OutputInput, toQuery } from './output.ts'

/** What is to be spoken, and how. Without a `format` it is `mp3`; its rate and bit rate are as the format usually has them. */
export interface CreateGenerationInput extends OutputInput {
  /** How long it may be depends on the plan: `usage.current()` says. */
  readonly text: string
  /** `voi_…`, of `voices.list()`; or what you call the voice, or the name of a preset. */
  readonly voiceId: string
  /**
   * A voice of another engine, in the same language, that speaks the whole where the engine of `voiceId` does not work; of the settings
   * it takes those that its engine knows. `null`: nobody does, and the generation waits.
   *
   * @default what the voice says of that
   */
  readonly fallbackVoiceId?: string | null | undefined
  /** @default what the voice's own settings say */
  readonly settings?: SpeakSettings | undefined
  /**
   * The same text, voice, settings and seed sound the same; another seed makes another take. A whole number from 1 to 2³¹ − 1.
   *
   * @default the engine chooses
   */
  readonly seed?: number | null | undefined
  /**
   * `true`: numbers, money, dates, units and abbreviations are written out, by the language, before the engine is asked.
   *
   * @default the engine reads them as it does
   */
  readonly normalize?: boolean | undefined
  /** A name for people, also of the file when it is downloaded. */
  readonly title?: string | null | undefined
  /**
   * `false`: all of it is spoken, also what was before with the same voice and settings.
   *
   * @default such audio is taken again, and no engine is asked or paid for it
   */
  readonly cache?: boolean | undefined
}

/** What is to be estimated: what it is called makes no difference, nor what was spoken before. */
export type EstimateInput = Omit<CreateGenerationInput, 'title' | 'cache'>

/** How another take is to differ. */
export interface RetakeInput {
  /** Numbers of the segments that are spoken anew, from 0; all others that are finished keep their audio. @default all are spoken anew */
  readonly segments?: readonly number[] | undefined
  /** A whole number from 1 to 2³¹ − 1. @default another one than before, where the engine takes one */
  readonly seed?: number | null | undefined
  /** What is not said is as it was. */
  readonly settings?: SpeakSettings | undefined
}

export type CreateGenerationOptions = OnceOptions

export interface ListGenerationsInput extends PageInput {
  readonly state?: Generation['state'] | undefined
  /** Only the takes of one text, by the first of them: `gen_…`, which is among them. */
  readonly takeOf?: string | undefined
}

export interface ListSegmentsInput extends PageInput {
  /** Only those with something wrong with them. */
  readonly flawed?: boolean | undefined
}

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined
  /** Begins after this event instead of with the first. */
  readonly lastEventId?: string | undefined
}

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait altogether, in milliseconds. @default no limit: a book takes its time. */
  readonly timeoutMs?: number | undefined
  /** Told whenever the generation has moved. */
  readonly onProgress?: ((status: GenerationStatus) => void) | undefined
}

/**
 * What is left out is as the generation was created with. Audio that is to be made otherwise is made when it is first asked
 * for.
 */
export interface AudioOptions extends RequestOptions, OutputInput {
  /** True: only a whole file will do, and a generation that is still being made is refused. @default false */
  readonly complete?: boolean | undefined
}

/** What is left out is as the generation was created with. */
export interface LinkGenerationOptions extends LinkOptions, OutputInput {}

/** The audio of a generation: a `Response`, and the generation it belongs to. */
export type Speech = Response & { readonly generation: Generation }

export interface SpeakOptions extends WaitOptions, Pick<CreateGenerationOptions, 'idempotencyKey'> {}

/** Requests for speech and what became of them. */
export class Generations {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Asks for a text to be spoken. It answers as soon as that is certain to happen, long before there is audio.
   *
   * @throws {InvalidInputError} the text is empty, too long, or nothing the voice can speak.
   * @throws {NotFoundError} `voice_not_found`.
   * @throws {QuotaExceededError} the plan has not enough seconds left.
   * @example
   * ```ts
   * const generation = await loqui.generations.create({ text: 'Hello.', voiceId, format: 'wav' })
   * ```
   */
  create(input: CreateGenerationInput, options: CreateGenerationOptions = {}): Promise<Generation> {
    const idempotencyKey = options.idempotencyKey ?? newIdempotencyKey()
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.generations.create.mutate(input, { signal, context: { idempotencyKey } }),
      options,
    )
  }

  /**
   * Makes another take: a new generation of the same text in the same voice, which sounds otherwise; the earlier one stays. Of one
   * that failed or was canceled it is a second try.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @throws {ConflictError} `audio_not_ready`: segments of one that has not succeeded.
   * @throws {InvalidInputError} it has no such segments, or its engine does not take such settings.
   * @throws {QuotaExceededError} the plan has not enough seconds left.
   * @example
   * ```ts
   * const take = await loqui.generations.retake(generation.id, { segments: [3] })
   * ```
   */
  retake(id: string, { segments, seed, settings }: RetakeInput = {}, options: OnceOptions = {}): Promise<Generation> {
    const idempotencyKey = options.idempotencyKey ?? newIdempotencyKey()
    const input = { id, segments: segments && [...segments], seed, settings }
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.generations.retake.mutate(input, { signal, context: { idempotencyKey } }),
      options,
    )
  }

  /**
   * Says how long a text will be, whether the quota has room for it and what it will cost; makes nothing.
   *
   * @throws {InvalidInputError} the text is empty, too long, or nothing the voice can speak.
   * @throws {NotFoundError} `voice_not_found`.
   * @throws {QuotaExceededError} `budget_exceeded`. A quota that does not suffice is no error here: `fits` says so.
   * @example
   * ```ts
   * const { estimatedMs, fits, remainingAfterMs } = await loqui.generations.estimate({ text, voiceId })
   * ```
   */
  estimate(input: EstimateInput, options?: RequestOptions): Promise<Estimate> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.generations.estimate.query(input, { signal }),
      options,
    )
  }

  /**
   * @throws {NotFoundError} `generation_not_found`.
   * @example
   * ```ts
   * const { state, durationMs } = await loqui.generations.get('gen_…')
   * ```
   */
  get(id: string, options?: RequestOptions): Promise<Generation> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.generations.get.query({ id }, { signal }),
      options,
    )
  }

  /**
   * The parts that are spoken one by one, in order: how long each is, and what is wrong with it where nothing better was to be
   * had. None before it runs.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @example
   * ```ts
   * for await (const { index, flaws } of loqui.generations.segments('gen_…', { flawed: true })) console.log(index, flaws)
   * ```
   */
  segments(id: string, input: ListSegmentsInput = {}, options?: RequestOptions): Listing<GenerationSegment> {
    return new Listing((page) =>
      this.#connection.repeatable(
        (signal) => this.#connection.trpc.generations.segments.query({ id, ...input, ...page }, { signal }),
        options,
      ),
    )
  }

  /**
   * Yours, newest first, without their texts.
   *
   * @example
   * ```ts
   * for await (const { id, excerpt } of loqui.generations.list({ state: 'succeeded' })) console.log(id, excerpt)
   * ```
   */
  list(input: ListGenerationsInput = {}, options?: RequestOptions): Listing<GenerationSummary> {
    return new Listing((page) =>
      this.#connection.repeatable(
        (signal) => this.#connection.trpc.generations.list.query({ ...input, ...page }, { signal }),
        options,
      ),
    )
  }

  /**
   * The part that moves: cheaper than `get`, for who polls.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @example
   * ```ts
   * const { segments } = await loqui.generations.status(id)
   * console.log(`${segments.done} of ${segments.total}`)
   * ```
   */
  status(id: string, options?: RequestOptions): Promise<GenerationStatus> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.generations.status.query({ id }, { signal }),
      options,
    )
  }

  /**
   * Ends a generation that waits or runs; nothing is charged. One that has ended stays as it is: look at `state`.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @example
   * ```ts
   * const { state } = await loqui.generations.cancel(id)
   * ```
   */
  cancel(id: string, options?: RequestOptions): Promise<Generation> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.generations.cancel.mutate({ id }, { signal }),
      options,
    )
  }

  /**
   * Deletes a generation with its text and audio. What was charged stays charged.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @example
   * ```ts
   * await loqui.generations.delete(id)
   * ```
   */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.#connection.once(
      (signal) => this.#connection.trpc.generations.delete.mutate({ id }, { signal }),
      options,
    )
  }

  /**
   * What happens to a generation, from its first event to its last, each once and in order; then the loop ends. A lost
   * connection is made again and goes on where it broke off.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @throws {ConnectionError} after a minute without a connection.
   * @example
   * ```ts
   * for await (const event of loqui.generations.watch(id)) {
   *   if (event.type === 'segment') console.log(`${event.segments.done} of ${event.segments.total}`)
   * }
   * ```
   */
  watch(id: string, { signal, lastEventId }: WatchOptions = {}): AsyncGenerator<GenerationEvent, void, undefined> {
    return events<GenerationEvent>(
      (observer) => this.#connection.trpc.generations.watch.subscribe({ id, lastEventId }, observer),
      signal,
    )
  }

  /**
   * Waits until a generation has ended, however it did: look at `state`. It listens, and asks when it hears nothing, so
   * that it also works where no subscription gets through.
   *
   * @throws {NotFoundError} `generation_not_found`, also when it is deleted meanwhile.
   * @throws {TimeoutError} it has not ended within `timeoutMs`, and goes on.
   * @throws {ConnectionError} after a minute without a connection.
   * @example
   * ```ts
   * const { state, durationMs } = await loqui.generations.wait(id, { timeoutMs: 60_000 })
   * ```
   */
  async wait(id: string, options: WaitOptions = {}): Promise<Generation> {
    const timer = deadline(options.timeoutMs ?? Number.POSITIVE_INFINITY)
    const signal = options.signal ? AbortSignal.any([options.signal, timer.signal]) : timer.signal
    try {
      await ended(this, id, signal, options.onProgress)
      return await this.get(id, { signal })
    } finally {
      timer.clear()
    }
  }

  /**
   * The audio of a generation. Of one that is still being made the body is a stream of what there is and then of what comes, as
   * loud as it is spoken: it ends when all of it was heard, and breaks off when the generation fails or is canceled.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @throws {ConflictError} `audio_not_ready`: the generation failed, or was canceled; or, with `complete`, it is not made yet.
   * @throws {InvalidInputError} the format does not take that rate or bit rate.
   * @example
   * ```ts
   * const audio = await loqui.generations.audio(id, { format: 'mp3' })
   * await writeFile('speech.mp3', audio.body)
   * ```
   */
  audio(id: string, options: AudioOptions = {}): Promise<Response> {
    const path = `api/v1/generations/${encodeURIComponent(id)}/audio${toQuery(options)}`
    return this.#connection.download(path, options)
  }

  /**
   * What is said when, of a generation that succeeded: as a file of subtitles, or as an object with every segment and word.
   * Segments' times are those of the audio; words' are estimated.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @throws {ConflictError} `audio_not_ready`.
   * @example
   * ```ts
   * await writeFile('speech.srt', await loqui.generations.captions(id, 'srt'))
   * const { segments } = await loqui.generations.captions(id)
   * ```
   */
  captions(id: string, format: 'srt' | 'vtt', options?: RequestOptions): Promise<string>
  captions(id: string, format?: 'json', options?: RequestOptions): Promise<Captions>
  async captions(
    id: string,
    format: 'srt' | 'vtt' | 'json' = 'json',
    options?: RequestOptions,
  ): Promise<string | Captions> {
    const path = `api/v1/generations/${encodeURIComponent(id)}/captions.${format}`
    const response = await this.#connection.download(path, options)
    return format === 'json' ? response.json() : response.text()
  }

  /**
   * Makes an address at which whoever has it can hear a generation, until it expires or the generation is deleted. One that
   * is not made yet can have its address already.
   *
   * @throws {NotFoundError} `generation_not_found`.
   * @example
   * ```ts
   * const { url, expiresAt } = await loqui.generations.link(id, { format: 'mp3', expiresInSeconds: 24 * 60 * 60 })
   * ```
   */
  link(id: string, options: LinkGenerationOptions = {}): Promise<Link> {
    const { format, sampleRate, bitRate, loudness, download, expiresInSeconds } = options
    const input = { id, format, sampleRate, bitRate, loudness, download, expiresInSeconds }
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.generations.link.mutate(input, { signal }),
      options,
    )
  }

  /** @internal See `Loqui.speak`. */
  async speak(input: CreateGenerationInput, { signal, timeoutMs, ...options }: SpeakOptions): Promise<Speech> {
    const { id } = await this.create(input, { signal, idempotencyKey: options.idempotencyKey })
    const generation = await this.wait(id, { signal, timeoutMs, onProgress: options.onProgress }).catch(
      async (error: unknown) => {
        // Nobody will listen to it any more. That this did not work is not what went wrong.
        await this.cancel(id, { timeoutMs: cancelWithinMs, maxRetries: 0 }).catch(() => undefined)
        throw error
      },
    )
    if (generation.state !== 'succeeded') throw new GenerationFailedError(generation)
    return Object.assign(await this.audio(id, { signal }), { generation })
  }
}

/** How long `speak` waits for its generation to be canceled before it gives up itself. */
const cancelWithinMs = 5_000
