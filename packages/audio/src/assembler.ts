import { addAbortListener } from 'node:events'
import { Readable } from 'node:stream'
import type { Assembler, Piece } from './assemble.ts'
import { assembly, pauseSamples } from './assembly.ts'
import type { SingleStep } from './encoding.ts'
import type { AudioFormat } from './format.ts'
import { createThreads, type Threads } from './threads.ts'

const bytesPerSample = 2
/** The most that one step of an encoding takes: 1.4 s at 24 kHz, some 10 ms of work for a thread. */
const stepSamples = 32_768

/**
 * Starts the threads that join and encode.
 *
 * Of an encoding, one step is in memory at a time, and what its reader has not taken yet (64 KiB): a reader that stops
 * reading stops the reading of the pieces.
 *
 * @param options.threads how many encodings progress at the same instant; more of them take turns
 */
export function createAssembler(options: { readonly threads: number }): Assembler {
  const threads = createThreads(options.threads, new URL('./encoding.thread.ts', import.meta.url))
  return {
    encode(pieces, format, { signal } = {}) {
      const stop = new AbortController()
      if (signal?.aborted) stop.abort()
      const chunks = encode(threads, pieces, format, stop.signal)
      const output = new Readable({
        async read() {
          try {
            const { value } = await chunks.next()
            if (!this.destroyed) this.push(value ?? null)
          } catch (error) {
            this.destroy(asError(error))
          }
        },
        destroy(error, callback) {
          stop.abort()
          // Not waited for: it ends when what is under way does, and a piece may take its time to open.
          chunks.return().catch((cleanupError) => process.emitWarning(asError(cleanupError)))
          callback(error)
        },
      })
      if (signal) {
        const listener = addAbortListener(signal, () => output.destroy(asError(signal.reason)))
        output.once('close', () => listener[Symbol.dispose]())
      }
      return output
    },
    close: () => threads.close(),
  }
}

async function* encode(
  threads: Threads,
  pieces: readonly Piece[],
  format: AudioFormat,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const { samples } = assembly(pieces)
  const encoding = threads.open()
  try {
    const taken = steps(pieces, format, samples, stop)
    if (samples <= stepSamples) {
      yield await encoding.take({ take: 'whole', steps: await Array.fromAsync(taken) })
      return
    }
    for await (const step of taken) {
      const bytes = await encoding.take(step)
      if (bytes.length > 0) yield bytes
    }
  } finally {
    encoding.drop()
  }
}

async function* steps(
  pieces: readonly Piece[],
  format: AudioFormat,
  samples: number,
  stop: AbortSignal,
): AsyncGenerator<SingleStep, void, void> {
  yield { take: 'begin', format, samples }
  for (const [index, piece] of pieces.entries()) {
    stop.throwIfAborted()
    yield { take: 'piece', samples: piece.samples, sampleRate: piece.sampleRate }
    for await (const speech of readSamples(piece, index, stop)) yield { take: 'speech', samples: speech }
    const silence = pauseSamples(piece.pauseMs)
    for (let start = 0; start < silence; start += stepSamples) {
      yield { take: 'silence', samples: Math.min(stepSamples, silence - start) }
    }
  }
  yield { take: 'finish' }
}

/** Reads the samples of a piece, never more than a step's at a time, and sees to it that they are as many as it said. */
async function* readSamples(
  piece: Piece,
  index: number,
  stop: AbortSignal,
): AsyncGenerator<Int16Array<ArrayBuffer>, void, void> {
  const expected = piece.samples * bytesPerSample
  const stream = await piece.open()
  using _left = addAbortListener(stop, () => stream.destroy())
  let received = 0
  // A chunk of a stream may end between the two bytes of a sample.
  let half: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    received += chunk.length
    if (received > expected) throw new Error(`pieces[${index}] gave more than the ${piece.samples} samples it said`)
    const bytes: Buffer = half.length > 0 ? Buffer.concat([half, chunk]) : chunk
    const whole = bytes.length - (bytes.length % bytesPerSample)
    for (let start = 0; start < whole; start += stepSamples * bytesPerSample) {
      const step = bytes.subarray(start, Math.min(whole, start + stepSamples * bytesPerSample))
      yield new Int16Array(Uint8Array.from(step).buffer)
    }
    half = bytes.subarray(whole)
  }
  if (received < expected) {
    throw new Error(
      `pieces[${index}] gave ${received} bytes, not the ${expected} of the ${piece.samples} samples it said`,
    )
  }
}

/** `signal.reason` and what a stream throws can be anything; a stream is destroyed with an error. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason })
}
