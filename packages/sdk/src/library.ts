import type { LibraryEvent } from './api.d.ts'
import type { Connection } from './connection.ts'
import { events } from './events.ts'
import type { WatchOptions } from './generations.ts'

/** Your samples and voices, and what happens to them. */
export class Library {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * What happens to your samples and voices, from now on or after `lastEventId`, each event once and in order: they are made,
   * changed and deleted, here or elsewhere. A voice is also updated when it can speak, or no longer can, because of its consent
   * or samples. It goes on until the loop is left or the signal aborted; a lost connection is made again and goes on where it
   * broke off.
   *
   * @throws {PermissionDeniedError} `scope_missing`: it takes `voices:read` and `samples:read`.
   * @throws {InvalidInputError} `events_expired`: what came after `lastEventId` is not kept any more. List afresh.
   * @throws {RateLimitedError} `concurrency_limited` for a minute: too much is subscribed to already.
   * @throws {ConnectionError} after a minute without a connection.
   * @example
   * ```ts
   * for await (const { type, subjectId } of loqui.library.watch({ signal })) {
   *   if (type === 'voice.created') console.log((await loqui.voices.get(subjectId)).name)
   * }
   * ```
   */
  watch({ signal, lastEventId }: WatchOptions = {}): AsyncGenerator<LibraryEvent, void, undefined> {
    return events<LibraryEvent>(
      (observer) => this.#connection.trpc.library.watch.subscribe({ lastEventId }, observer),
      signal,
    )
  }
}
