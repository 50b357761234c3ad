/**
 * Encodes mono samples at `outputSampleRate` into one file, append only. Every array it gives owns its memory, so that it
 * can be transferred to another thread.
 */
export interface Encoder {
  /** What the file begins with. */
  readonly header: Uint8Array<ArrayBuffer>
  /** Takes the next samples and gives the bytes that they complete, often none. */
  encode(samples: Int16Array<ArrayBuffer>): Uint8Array<ArrayBuffer>
  /** Gives the end of the file. Nothing follows. */
  finish(): Uint8Array<ArrayBuffer>
  /** Gives back what the encoder holds in WebAssembly memory, finished or not. */
  free(): void
}

/** Makes an encoder that will be given exactly `samples` samples, so that headers can say so. */
export type CreateEncoder = (samples: number) => Encoder | Promise<Encoder>

/** Joins parts into an array of its own: a `Buffer` may share a pool, which cannot be transferred. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
