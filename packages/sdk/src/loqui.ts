import type { TRPCClient } from '@trpc/client'
import { Admin } from './admin.ts'
import type { AppRouter, GenerationEvent } from './api.d.ts'
import { Auth } from './auth.ts'
import { Connection } from './connection.ts'
import { Consents } from './consents.ts'
import type { TokenSource } from './credentials.ts'
import type { Debug } from './debug.ts'
import { events } from './events.ts'
import {
  type CreateGenerationInput,
  Generations,
  type SpeakOptions,
  type Speech,
  type WatchOptions,
} from './generations.ts'
import { Keys } from './keys.ts'
import { Library } from './library.ts'
import { Plans } from './plans.ts'
import { Pronunciations } from './pronunciations.ts'
import { Samples } from './samples.ts'
import { Tokens } from './tokens.ts'
import { Usage } from './usage.ts'
import { Voices } from './voices.ts'

/** How a client is made. */
export interface LoquiOptions {
  /** Where Loqui is, such as `https://voice.example.com`. @default the page's own origin, in a browser */
  readonly baseUrl?: string | URL | undefined
  /** An API key: `loqui_live_…`. @default the browser's cookie */
  readonly apiKey?: string | undefined
  /**
   * In place of an API key: the token of a session, as `auth.login()` answers it, or of a page, as `tokens.create()` makes
   * it. A function is asked for one when it is needed, and for another when that is over.
   */
  readonly token?: TokenSource | undefined
  /** How long each try of a call may take, in milliseconds. @default 30000 */
  readonly timeoutMs?: number | undefined
  /**
   * How often a call is tried again after it failed for a passing cause: no connection, no answer in time, a server that
   * is busy, a limit that passes within a minute. Only calls that may be repeated without harm are. @default 2
   */
  readonly maxRetries?: number | undefined
  /**
   * What sends requests. @default globalThis.fetch, and in browsers XMLHttpRequest for uploads with an `onProgress`, which
   * `fetch` does not tell
   */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * What opens sockets for `watch`, `wait`, `speak` and `events`. @default globalThis.WebSocket; where there is none, as in
   * Node 20, and with `null`, server-sent events are used instead
   */
  readonly WebSocket?: typeof globalThis.WebSocket | null | undefined
  /**
   * Told of every request, answer and retry, and of the socket; `true` writes it to the console. It has no credentials and no
   * texts in it. @default false
   */
  readonly debug?: boolean | Debug | undefined
}

/**
 * A client of one Loqui.
 *
 * @example
 * ```ts
 * import { Loqui } from '@loqui/sdk'
 *
 * const loqui = new Loqui({ baseUrl: 'http://localhost:3000', apiKey })
 * const { items } = await loqui.voices.list({ language: 'en' })
 * const speech = await loqui.speak({ text: 'Hello.', voiceId: items[0].id, format: 'wav' })
 * await writeFile('hello.wav', speech.body)
 * ```
 */
export class Loqui {
  readonly generations: Generations
  readonly voices: Voices
  readonly samples: Samples
  readonly consents: Consents
  readonly keys: Keys
  readonly auth: Auth
  readonly pronunciations: Pronunciations
  readonly tokens: Tokens
  readonly library: Library
  readonly usage: Usage
  readonly plans: Plans
  readonly admin: Admin
  readonly #connection: Connection

  /** @throws {TypeError} for options that cannot work. */
  constructor(options: LoquiOptions = {}) {
    const { apiKey, token, timeoutMs = 30_000, maxRetries = 2 } = options
    if (apiKey !== undefined && token !== undefined) throw new TypeError('Give apiKey or token, not both.')
    const connection = new Connection({
      baseUrl: readBaseUrl(options.baseUrl),
      token: apiKey ?? token ?? null,
      timeoutMs,
      maxRetries,
      debug: options.debug === true ? writeToConsole : options.debug || undefined,
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      // Who gives a fetch of their own wants every request to go through it.
      XMLHttpRequest: options.fetch ? undefined : globalThis.XMLHttpRequest,
      WebSocket: options.WebSocket === undefined ? globalThis.WebSocket : (options.WebSocket ?? undefined),
    })
    this.#connection = connection
    this.generations = new Generations(connection)
    this.voices = new Voices(connection)
    this.samples = new Samples(connection)
    this.consents = new Consents(connection)
    this.keys = new Keys(connection)
    this.auth = new Auth(connection)
    this.pronunciations = new Pronunciations(connection)
    this.tokens = new Tokens(connection)
    this.library = new Library(connection)
    this.usage = new Usage(connection)
    this.plans = new Plans(connection)
    this.admin = new Admin(connection)
  }

  /**
   * Every procedure as tRPC's own client calls it: no retries, no timeouts, tRPC's errors. `toLoquiError` translates those.
   *
   * @example
   * ```ts
   * const account = await loqui.trpc.auth.me.query()
   * ```
   */
  get trpc(): TRPCClient<AppRouter> {
    return this.#connection.trpc
  }

  /**
   * Text in, audio out: creates a generation, waits for it and fetches its audio. When it is aborted or takes longer than
   * `timeoutMs`, the generation is canceled.
   *
   * @returns a `Response` whose body streams, with the `generation` on it.
   * @throws {GenerationFailedError} it failed, or somebody canceled it.
   * @throws whatever `generations.create`, `wait` and `audio` throw.
   * @example
   * ```ts
   * const speech = await loqui.speak({ text: 'Hello.', voiceId, format: 'mp3' })
   * const bytes = await speech.arrayBuffer()
   * console.log(`${speech.generation.durationMs} ms`)
   * ```
   */
  speak(input: CreateGenerationInput, options: SpeakOptions = {}): Promise<Speech> {
    return this.generations.speak(input, options)
  }

  /**
   * Everything that happens to your generations, from now on or after `lastEventId`, each event once and in order. It goes
   * on until the loop is left or the signal aborted.
   *
   * @throws {ConnectionError} after a minute without a connection.
   * @example
   * ```ts
   * for await (const event of loqui.events({ signal })) console.log(event.generationId, event.state)
   * ```
   */
  events({ signal, lastEventId }: WatchOptions = {}): AsyncGenerator<GenerationEvent, void, undefined> {
    return events<GenerationEvent>((observer) => this.trpc.events.subscribe({ lastEventId }, observer), signal)
  }

  /**
   * Ends the socket and with it every loop over events. Only needed to end them from elsewhere: an idle client keeps
   * nothing open.
   */
  close(): void {
    this.#connection.close()
  }
}

// biome-ignore lint/suspicious/noConsole: it was asked for.
const writeToConsole: Debug = (entry) => console.debug('loqui', entry)

function readBaseUrl(baseUrl: string | URL | undefined): URL {
  const given = baseUrl ?? globalThis.location?.origin
  if (given === undefined) throw new TypeError('Give baseUrl, such as https://voice.example.com.')
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new TypeError(`baseUrl must be a URL such as https://voice.example.com, not “${given}”.`)
  }
  // Else the last part of a path such as `/voice` would be replaced by what is appended.
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}
