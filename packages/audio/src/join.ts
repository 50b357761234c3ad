import { mostOverlap } from './assembly.ts'
import { createLevel, createListening } from './level.ts'
import { createResampler } from './resample.ts'

/** A piece that is about to be joined. */
export interface JoinedPiece {
  /** How many it has, at its own rate. */
  readonly samples: number
  /** Its own, in hertz. */
  readonly sampleRate: number
  /** Samples, at the joined audio's rate, in which it sounds together with the end of the piece before. */
  readonly overlap: number
  /** Whether what follows may sound together with its end. */
  readonly isOpen: boolean
}

/** Joins pieces of speech and silence, chunk by chunk. Where the chunks are cut changes nothing in what comes out. */
export interface Joiner {
  /** Begins a piece; gives what is left of the one before. */
  begin(piece: JoinedPiece): Int16Array<ArrayBuffer>
  /** Takes the next samples of the piece, and their memory. */
  hear(samples: Int16Array<ArrayBuffer>): void
  /** Gives what the next `count` samples of those it has heard become, having heard the whole piece or {@link mostAhead}. */
  speak(count: number): Int16Array<ArrayBuffer>
  silence(count: number): Int16Array<ArrayBuffer>
  /** Gives the rest. */
  finish(): Int16Array<ArrayBuffer>
}

/** Samples that a piece is heard ahead of being joined, to find out how loud it is: 44 s at 24 kHz, which segments are not longer than. */
export const mostAhead = 2 ** 20

// Too short to be heard as a fade, long enough that speech cut in the middle of a sound does not click.
const fadeSeconds = 0.005

/**
 * Joins pieces at `sampleRate` hertz. Each is resampled on its own and kept about as loud as those before it; where there is a
 * pause it fades within 5 ms, and where there is none it goes over into the next.
 */
export function createJoiner(sampleRate: number): Joiner {
  const level = createLevel()
  const fadeSamples = Math.round(fadeSeconds * sampleRate)
  let piece: Current | undefined
  /** The end of what was spoken, while it may still sound together with what follows. */
  let tail = new Float32Array()

  const endTail = (): Int16Array<ArrayBuffer> => {
    const faded = piece?.faded ?? 0
    for (let n = 0; n < faded; n++) {
      const at = tail.length - 1 - n
      if (at >= 0) tail[at] = (tail[at] as number) * rise(n, faded)
    }
    const ended = toSamples(tail)
    tail = new Float32Array()
    return ended
  }

  return {
    begin(next) {
      const front = next.overlap === 0 ? endTail() : toSamples(tail.subarray(0, tail.length - next.overlap))
      const under = tail.slice(tail.length - next.overlap)
      tail = new Float32Array()
      piece = createCurrent(next, sampleRate, fadeSamples, under)
      return front
    },
    hear(samples) {
      if (!piece) throw new Error('Speech was heard before its piece')
      piece.listening.push(samples)
      piece.waiting.push(samples)
    },
    speak(count) {
      if (!piece) throw new Error('Speech was joined before its piece')
      const { length, faded, under, held } = piece
      const gain = piece.gain ?? level.next(piece.listening.heard())
      piece.gain = gain
      const heard = take(piece.waiting, count)
      const spoken = piece.resample(heard)
      heard.buffer.transfer(0)
      const start = piece.position
      piece.position += spoken.length
      for (let n = 0; n < spoken.length; n++) spoken[n] = (spoken[n] as number) * gain
      // The edges: some milliseconds of each piece, so that what is between is gone through without a question.
      const begins = Math.min(spoken.length, Math.max(under.length, faded) - start)
      for (let n = 0; n < begins; n++) {
        const at = start + n
        const sample = spoken[n] as number
        if (at < under.length) {
          const rising = rise(at, under.length)
          spoken[n] = sample * rising + (under[at] as number) * (1 - rising)
        } else if (under.length === 0 && at < faded) spoken[n] = sample * rise(at, faded)
      }
      const ends = held === 0 ? Math.max(0, length - faded - start) : spoken.length
      for (let n = ends; n < spoken.length; n++) {
        spoken[n] = (spoken[n] as number) * rise(length - 1 - start - n, faded)
      }
      const ready = Math.min(spoken.length, Math.max(0, length - held - start))
      if (ready < spoken.length) tail = append(tail, spoken.subarray(ready))
      const samples = toSamples(spoken.subarray(0, ready))
      spoken.buffer.transfer(0)
      return samples
    },
    silence: (count) => new Int16Array(count),
    finish: endTail,
  }
}

/** A piece that is being joined. */
type Current = ReturnType<typeof createCurrent>

function createCurrent(
  { samples, sampleRate: from, isOpen }: JoinedPiece,
  sampleRate: number,
  fadeSamples: number,
  under: Float32Array,
) {
  const resampler = from === sampleRate ? undefined : createResampler(from, sampleRate, samples)
  const length = resampler?.length ?? samples
  const waiting: Int16Array<ArrayBuffer>[] = []
  return {
    /** Of the piece, at the joined audio's rate. */
    length,
    /** The end of the piece before that its beginning sounds together with. */
    under,
    /** Samples of its end that may sound together with what follows. */
    held: isOpen ? mostOverlap(length, sampleRate) : 0,
    /** Samples in which it fades where it sounds alone. */
    faded: Math.min(fadeSamples, Math.floor(length / 2)),
    listening: createListening(from, mostAhead),
    /** What was heard and is not joined yet. */
    waiting,
    resample: (input: Int16Array) => resampler?.push(input) ?? Float32Array.from(input),
    gain: undefined as number | undefined,
    position: 0,
  }
}

/** From near 0 to near 1 in `samples` steps, without a corner; backwards it is what is missing from 1. */
const rise = (n: number, samples: number) => 0.5 - 0.5 * Math.cos((Math.PI * (n + 0.5)) / samples)

/**
 * Takes the first `count` samples off a queue. What is empty then is given back: left to the garbage collector, it would be most of
 * what a thread grows by.
 */
function take(queue: Int16Array<ArrayBuffer>[], count: number): Int16Array<ArrayBuffer> {
  const taken = new Int16Array(count)
  for (let filled = 0; filled < count; ) {
    const first = queue.shift()
    if (!first) throw new Error('More was to be joined than was heard')
    const part = first.subarray(0, count - filled)
    taken.set(part, filled)
    filled += part.length
    if (part.length < first.length) queue.unshift(first.subarray(part.length))
    else first.buffer.transfer(0)
  }
  return taken
}

function append(to: Float32Array, more: Float32Array): Float32Array<ArrayBuffer> {
  const both = new Float32Array(to.length + more.length)
  both.set(to)
  both.set(more, to.length)
  return both
}

function toSamples(values: Float32Array): Int16Array<ArrayBuffer> {
  const samples = new Int16Array(values.length)
  for (let n = 0; n < values.length; n++) {
    // What Math.round is, which takes five times as long.
    samples[n] = Math.max(-32_768, Math.min(32_767, Math.floor((values[n] as number) + 0.5)))
  }
  return samples
}
