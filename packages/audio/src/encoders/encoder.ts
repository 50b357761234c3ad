import type { TagTexts } from '../tags.ts'

/**
 * Encodes mono samples into one file, append only. Every array it gives owns its memory, so that it can be transferred to
 * another thread.
 */
export interface Encoder {
  /** What the file begins with. */
  readonly header: Uint8Array<ArrayBuffer>
  /** Takes the next samples and gives the bytes that they complete, often none. */
  encode(samples: Int16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>
  /** Gives the end of the file. Nothing follows. */
  finish(): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>
  /** Gives back what the encoder holds, finished or not. */
  free(): void
}

/**
 * How many samples there will be, exactly, so that headers can say so. `later`: that is not known yet, and at the end the header
 * is replaced by one of the same length. `never`: nobody goes back in what was sent.
 */
export type Length = number | 'later' | 'never'

/** What an encoder has to know before the first sample. */
export interface EncoderOptions {
  readonly samples: Length
  /** Of a rate that the format takes, in hertz. */
  readonly sampleRate: number
  /** In kbit/s, one that the format takes at that rate; `null` where it takes none. */
  readonly bitRate: number | null
  readonly tags: TagTexts
}

export type CreateEncoder = (options: EncoderOptions) => Encoder | Promise<Encoder>

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
