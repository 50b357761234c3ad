import type { Readable } from 'node:stream'
import type { AudioFormat } from './format.ts'
import type { Tags } from './tags.ts'

/** One piece of speech, in order: mono 16-bit samples as they were stored, and the silence that follows them. */
export interface Piece {
  /**
   * Opens the samples: raw signed 16-bit little endian, mono. Called when the piece's turn comes, once for each time that the
   * audio is gone through: to bring all of it to a loudness it has to be heard before.
   */
  readonly open: () => Promise<Readable>
  /** Number of samples that `open` will give. */
  readonly samples: number
  /** In hertz. */
  readonly sampleRate: number
  /** Silence after this piece, in milliseconds. */
  readonly pauseMs: number
}

/** The audio of one generation, as it will be joined: known before a byte of it is encoded. */
export interface Assembly {
  /** Length of the joined audio in samples at its rate. */
  readonly samples: number
  /** The same in milliseconds, rounded: what is recorded and charged. */
  readonly durationMs: number
}

/** Pieces that come one by one. Whoever makes them ends them when nobody reads what they become any more. */
export type ComingPieces = AsyncIterable<Piece>

/** How joined audio is made. What is not said is as the format usually has it: see `format.ts`. */
export interface AssembleOptions {
  /** In hertz. */
  readonly sampleRate?: number | null | undefined
  /** In kbit/s. */
  readonly bitRate?: number | null | undefined
  /** Integrated loudness it is brought to, in LUFS. */
  readonly loudness?: number | null | undefined
  /** What the file says of itself; that it is AI-generated and by Loqui it says anyway. */
  readonly tags?: Tags | undefined
  /**
   * Told, at the end of pieces that came one by one, what the file begins with now that it is known how long it is: as many bytes
   * as it began with, in whose place they go. Where this is not given, the file says what players need to hear it as it comes.
   */
  readonly onHeader?: ((header: Uint8Array) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Joins pieces and encodes them, in threads of its own so that no event loop waits. */
export interface Assembler {
  /**
   * Joins, resamples and encodes, in bounded memory. The bytes come as they are made, append only, so that headers
   * that name a length are right from the first byte, or `onHeader` is told of them. The same pieces and options give the same
   * bytes.
   *
   * @throws the reason of `signal` when aborted, the error of a piece's stream, a RangeError for what the format does not take or
   * the loudness of pieces that come one by one, or an error when a piece is not as long as it said.
   */
  encode(pieces: readonly Piece[] | ComingPieces, format: AudioFormat, options?: AssembleOptions): Readable
  /** Ends the threads; what is being encoded fails. */
  close(): Promise<void>
}
