import type { Link, Sample } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { LinkOptions } from './audio-link.ts'
import type { Connection } from './connection.ts'
import { newIdempotencyKey, type OnceOptions } from './idempotency.ts'
import { Listing, type PageInput } from './listing.ts'
import type { SampleSource } from './source.ts'

/** How much of a file has gone. */
export interface UploadProgress {
  readonly sentBytes: number
  /** `null` as long as a stream does not end. */
  readonly totalBytes: number | null
}

export interface UploadSampleOptions extends OnceOptions {
  /** What to call it. @default what the file is called, where the source has a name: a `File` or a path */
  readonly name?: string | undefined
  /** What it is for: to make a voice from, or the phrase of a consent, read aloud. @default 'voice' */
  readonly purpose?: Sample['purpose'] | undefined
  /**
   * Told how much has gone: never less than before, and in the end all of it. In a browser whose client was given a `fetch`
   * of its own, and in service workers, it is only told at the end.
   */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined
  /** How long nothing may move, in milliseconds: no byte and no answer. @default 60000 */
  readonly timeoutMs?: number | undefined
}

export interface ListSamplesInput extends PageInput {
  readonly purpose?: Sample['purpose'] | undefined
  /** Part of a name, in any case. */
  readonly search?: string | undefined
}

/** Audio that you gave: what voices are made of. */
export class Samples {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * Uploads audio: wav, mp3, flac, ogg (opus, vorbis) or webm, and m4a and aac where the server has a decoder for them; at
   * most 20 MiB. Loqui hears it through and answers with what it measured.
   *
   * Files and streams are sent as they are read, and never held in memory as a whole; browsers cannot send a stream, so
   * there it is gathered first. What can be read again (a file, a blob, bytes) is sent again after a passing failure, under
   * the same idempotency key; a stream is not.
   *
   * @param source a `File` or `Blob`, bytes, a stream of bytes (the web's or Node's), or in Node the path of a file.
   * @throws {InvalidInputError} it is not what it should be: `audio_unsupported`, `audio_undecodable`, `audio_mislabeled`,
   * `audio_too_short`, `audio_too_long`, `audio_too_complex`, `audio_silent`, `audio_clipped`, `payload_too_large`; or it has
   * no name.
   * @throws {QuotaExceededError} `storage_quota_exceeded`.
   * @throws {RateLimitedError} `concurrency_limited`: others of yours are being uploaded.
   * @throws {TypeError} the source is none.
   * @throws whatever reading the source throws.
   * @example
   * ```ts
   * const sample = await loqui.samples.upload('./voice.wav', {
   *   onProgress: ({ sentBytes, totalBytes }) => console.log(sentBytes, 'of', totalBytes),
   * })
   * console.log(sample.durationMs, sample.quality.advice)
   * ```
   * @example
   * ```ts
   * const [file] = document.querySelector('input').files
   * const sample = await loqui.samples.upload(file, { signal })
   * ```
   */
  async upload(source: SampleSource, options: UploadSampleOptions = {}): Promise<Sample> {
    const { upload } = await import('./upload.ts')
    const { idempotencyKey = newIdempotencyKey() } = options
    return upload(this.#connection, source, { ...options, idempotencyKey }, newIdempotencyKey())
  }

  /**
   * Yours, newest first.
   *
   * @example
   * ```ts
   * for await (const { id, name, quality } of loqui.samples.list({ purpose: 'voice' })) console.log(id, name, quality.rating)
   * ```
   */
  list(input: ListSamplesInput = {}, options?: RequestOptions): Listing<Sample> {
    return new Listing((page) =>
      this.#connection.repeatable(
        (signal) => this.#connection.trpc.samples.list.query({ ...input, ...page }, { signal }),
        options,
      ),
    )
  }

  /**
   * @throws {NotFoundError} `sample_not_found`.
   * @example
   * ```ts
   * const { durationMs, loudnessLufs, peaks } = await loqui.samples.get('smp_…')
   * ```
   */
  get(id: string, options?: RequestOptions): Promise<Sample> {
    return this.#connection.repeatable((signal) => this.#connection.trpc.samples.get.query({ id }, { signal }), options)
  }

  /**
   * Calls a sample something else.
   *
   * @throws {NotFoundError} `sample_not_found`.
   * @example
   * ```ts
   * const { name } = await loqui.samples.rename('smp_…', 'Ada, by the window')
   * ```
   */
  rename(id: string, name: string, options?: RequestOptions): Promise<Sample> {
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.samples.rename.mutate({ id, name }, { signal }),
      options,
    )
  }

  /**
   * Deletes a sample and its audio. Links to it end, and voices made from it speak no more.
   *
   * @throws {NotFoundError} `sample_not_found`.
   * @throws {ConflictError} `sample_in_use`: it is the recording of a consent that holds.
   * @example
   * ```ts
   * await loqui.samples.delete('smp_…')
   * ```
   */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.#connection.once((signal) => this.#connection.trpc.samples.delete.mutate({ id }, { signal }), options)
  }

  /**
   * The audio of a sample, byte for byte as it was uploaded.
   *
   * @returns a `Response` whose body streams.
   * @throws {NotFoundError} `sample_not_found`.
   * @example
   * ```ts
   * const audio = await loqui.samples.audio('smp_…')
   * await writeFile('sample.wav', audio.body)
   * ```
   */
  audio(id: string, options?: RequestOptions): Promise<Response> {
    return this.#connection.download(`api/v1/samples/${encodeURIComponent(id)}/audio`, options)
  }

  /**
   * Makes an address at which whoever has it can hear a sample, until it expires or the sample is deleted.
   *
   * @throws {NotFoundError} `sample_not_found`.
   * @example
   * ```ts
   * const { url } = await loqui.samples.link('smp_…', { expiresInSeconds: 600 })
   * audioElement.src = url
   * ```
   */
  link(id: string, options: LinkOptions = {}): Promise<Link> {
    const { download, expiresInSeconds } = options
    return this.#connection.repeatable(
      (signal) => this.#connection.trpc.samples.link.mutate({ id, download, expiresInSeconds }, { signal }),
      options,
    )
  }
}
