import type { Readable } from 'node:stream'
import type { AudioFormat } from './format.ts'

/** One piece of speech, in order: mono 16-bit samples as they were stored, and the silence that follows them. */
export interface Piece {
  /** Opens the samples: raw signed 16-bit little endian, mono. Called once, when the piece's turn comes. */
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
  /** Length of the joined audio in samples at `outputSampleRate`. */
  readonly samples: number
  /** The same in milliseconds, rounded: what is recorded and charged. */
  readonly durationMs: number
}

/** Joins pieces and encodes them, in threads of its own so that no event loop waits. */
export interface Assembler {
  /**
   * Joins, resamples and encodes, in bounded memory. The bytes come as they are made, append only, so that headers
   * that name a length are right from the first byte.
   *
   * @throws the reason of `signal` when aborted, the error of a piece's stream, or an error when a piece is not as long as it said.
   */
  encode(pieces: readonly Piece[], format: AudioFormat, options?: { readonly signal?: AbortSignal }): Readable
  /** Ends the threads; what is being encoded fails. */
  close(): Promise<void>
}
