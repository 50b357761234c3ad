import { addAbortListener } from 'node:events'
import { Readable } from 'node:stream'
import type { AssembleOptions, Assembler, ComingPieces, Piece } from './assemble.ts'
import { assembly, createLayout } from './assembly.ts'
import type { EncoderOptions } from './encoders/encoder.ts'
import type { SingleStep, Taken } from './encoding.ts'
import type { AudioFormat } from './format.ts'
import { firstGain, type Gain, nextGain } from './gain.ts'
import { mostAhead } from './join.ts'
import { chooseOutput } from './output.ts'
import { tagTexts } from './tags.ts'
import { createThreads, type RemoteEncoding, type Threads } from './threads.ts'

const bytesPerSample = 2
/** The most that one step of an encoding takes: 1.4 s at 24 kHz, some 10 ms of work for a thread that makes an MP3. */
const stepSamples = 32_768
/** Steps of one piece go to the thread together, up to about so many samples heard and spoken: the way there takes as long as a short one. */
const mostTogether = 4 * stepSamples

/**
 * Starts the threads that join and encode.
 *
 * Of an encoding, a piece or 2 MB of it are in memory, and what its reader has not taken yet (64 KiB): a reader that stops
 * reading stops the reading of the pieces.
 *
 * @param options.threads how many encodings progress at the same instant; more of them take turns
 */
export function createAssembler(options: { readonly threads: number }): Assembler {
  const threads = createThreads(options.threads, new URL('./encoding.thread.ts', import.meta.url))
  return {
    encode(pieces, format, options = {}) {
      const { signal } = options
      const stop = new AbortController()
      if (signal?.aborted) stop.abort()
      const chunks = encode(threads, pieces, { ...options, format }, stop.signal)
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
      // Aborted before anybody reads it, it would end the process. Whoever reads it then still hears of it.
      output.on('error', () => undefined)
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
  pieces: readonly Piece[] | ComingPieces,
  asked: AssembleOptions & { readonly format: AudioFormat },
  stop: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const output = chooseOutput(asked)
  if ('refused' in output) throw new RangeError(`${output.refused}: ${output.message}`)
  const { format, sampleRate, bitRate, loudness } = output
  const areThere = 'length' in pieces
  if (!areThere && loudness !== null) throw new RangeError('loudness: what is still to come cannot be measured')
  const samples = areThere ? assembly(pieces, sampleRate).samples : asked.onHeader ? 'later' : 'never'
  const joined = () => steps(pieces, sampleRate, stop)
  const encoding = threads.open()
  try {
    // What is short is read once, and goes to the thread in one step.
    const short =
      typeof samples === 'number' && samples <= stepSamples ? (await Array.fromAsync(joined())).flat() : undefined
    const pass = (begin: SingleStep) => go(encoding, begin, short ?? joined())
    const gain = loudness === null ? null : await findGain(pass, sampleRate, loudness)
    const options: EncoderOptions = { samples, sampleRate, bitRate, tags: tagTexts(asked.tags ?? {}) }
    for await (const { bytes, header } of pass({ take: 'begin', format, gain, ...options })) {
      if (bytes.length > 0) yield bytes
      if (header) asked.onHeader?.(header)
    }
  } finally {
    encoding.drop()
  }
}

/** As they come, several at a time; or all of them, which may be gone through more than once. */
type Steps = AsyncIterable<readonly SingleStep[]> | readonly SingleStep[]

/** Goes through the joined audio once. */
async function* go(encoding: RemoteEncoding, begin: SingleStep, joined: Steps): AsyncGenerator<Taken, void, void> {
  const finish: SingleStep = { take: 'finish' }
  if (Symbol.iterator in joined) {
    yield await encoding.take({ take: 'several', steps: [begin, ...joined, finish] })
    return
  }
  yield await encoding.take(begin)
  for await (const steps of joined) {
    const memory = steps.flatMap((step) => (step.take === 'hear' ? [step.samples.buffer] : []))
    yield await encoding.take({ take: 'several', steps }, memory)
  }
  yield await encoding.take(finish)
}

/** A limiter's loss is measured and given back this often at most: what is then still lacking, it cannot give. */
const mostPasses = 4

/** Goes through the joined audio until it is known which gain brings it to `loudness`. */
async function findGain(
  pass: (begin: SingleStep) => AsyncIterable<Taken>,
  sampleRate: number,
  loudness: number,
): Promise<Gain | null> {
  let gain: Gain | null = null
  for (let passes = 0; passes < mostPasses; passes++) {
    let last: Taken | undefined
    for await (const taken of pass({ take: 'measure', sampleRate, gain })) last = taken
    if (!last?.measured) throw new Error('Nothing was measured')
    const next: Gain | null = gain ? nextGain(gain, last.measured, loudness) : firstGain(last.measured, loudness)
    if (!next) return gain
    gain = next
    if (!gain.limited) return gain
  }
  return gain
}

async function* steps(
  pieces: readonly Piece[] | ComingPieces,
  sampleRate: number,
  stop: AbortSignal,
): AsyncGenerator<readonly SingleStep[], void, void> {
  const layout = createLayout(sampleRate)
  let index = 0
  for await (const piece of pieces) {
    stop.throwIfAborted()
    const { overlap, pause } = layout.place(piece)
    const isOpen = piece.pauseMs === 0
    let together: SingleStep[] = [
      { take: 'piece', samples: piece.samples, sampleRate: piece.sampleRate, overlap, isOpen },
    ]
    let taken = 0
    const add = function* (step: SingleStep, samples: number) {
      together.push(step)
      taken += samples
      if (taken < mostTogether) return
      yield together
      together = []
      taken = 0
    }
    let ahead = 0
    for await (const speech of readSamples(piece, index++, stop)) {
      const { length } = speech
      ahead += length
      yield* add({ take: 'hear', samples: speech }, length)
      // What was heard ahead stays as much to the end.
      if (ahead < mostAhead + stepSamples) continue
      yield* add({ take: 'speak', samples: stepSamples }, stepSamples)
      ahead -= stepSamples
    }
    for (const step of portions('speak', ahead)) yield* add(step, step.samples)
    for (const step of portions('silence', pause)) yield* add(step, step.samples)
    // What comes behind it may still be in the making.
    if (together.length > 0) yield together
  }
}

function* portions(take: 'speak' | 'silence', samples: number) {
  for (let start = 0; start < samples; start += stepSamples) {
    yield { take, samples: Math.min(stepSamples, samples - start) } as const
  }
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
      yield new Int16Array(new Uint8Array(step).buffer)
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
