import { Readable } from 'node:stream'

/** A stream that has given its chunks and says nothing more until it is told to end. */
export interface HeldStream {
  readonly body: Readable
  /** Settles when whoever reads has taken the last chunk, and is done with those before it. */
  readonly taken: Promise<void>
  end(): void
}

export function heldStream(...chunks: readonly Uint8Array[]): HeldStream {
  const taken = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  async function* held() {
    yield* chunks
    taken.resolve()
    await ended.promise
  }
  return { body: Readable.from(held()), taken: taken.promise, end: ended.resolve }
}
