import { addAbortSignal, type Readable } from 'node:stream'

/** How much of a buffer is hashed and written at a time: at most a millisecond of the event loop. */
const CHUNK_BYTES = 256 * 1024

/** The body in pieces; ends with the signal's reason, even while a stream has nothing to say. */
export async function* pieces(body: Uint8Array | Readable, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) return yield* cut(body, signal)
  try {
    for await (const chunk of signal ? addAbortSignal(signal, body) : body) {
      yield* cut(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, signal)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

function* cut(bytes: Uint8Array, signal?: AbortSignal): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    signal?.throwIfAborted()
    yield bytes.subarray(start, start + CHUNK_BYTES)
  }
}
