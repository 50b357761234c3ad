import type { Assembly, Piece } from './assemble.ts'
import { usualSampleRate } from './format.ts'
import { resampledLength } from './resample.ts'

const lowestSampleRate = 8000
const highestSampleRate = 192_000

/**
 * How long two pieces sound together that follow each other without a pause: some periods of the deepest voice, so that one
 * vowel goes over into the other, and too short for a sound to be heard twice.
 */
const crossfadeSeconds = 0.02

/** A piece as it will stand in the joined audio: lengths in samples at the joined audio's rate. */
export interface Place {
  /** How much of its beginning sounds together with the end of the piece before. */
  readonly overlap: number
  readonly speech: number
  /** The silence behind it. */
  readonly pause: number
}

/** The pieces of joined audio as they come. */
export interface Layout {
  /**
   * The place of the next piece.
   *
   * @throws {RangeError} when the piece has a length, rate or pause that no audio has.
   */
  place(piece: Omit<Piece, 'open'>): Place
  /** How long what was placed is, in samples at the joined audio's rate. */
  readonly samples: number
}

/**
 * The length of what joining `pieces` gives, without reading any of them.
 *
 * @param sampleRate of the joined audio, in hertz
 * @throws RangeError when a piece has a length, rate or pause that no audio has
 */
export function assembly(pieces: readonly Omit<Piece, 'open'>[], sampleRate: number = usualSampleRate): Assembly {
  const layout = createLayout(sampleRate)
  for (const piece of pieces) layout.place(piece)
  return { samples: layout.samples, durationMs: Math.round((layout.samples * 1000) / sampleRate) }
}

/** The most of a piece that can sound together with a neighbour: no sound belongs to three of them. */
export const mostOverlap = (speech: number, sampleRate: number): number =>
  Math.min(Math.round(crossfadeSeconds * sampleRate), Math.floor(speech / 2))

/**
 * Lays pieces out one by one. What is heard at a time at one rate is heard at that time at every other: behind a pause, a
 * piece begins where it does at the usual rate, to half a sample, because the pause takes up what rounding left over.
 *
 * @param sampleRate of the joined audio, in hertz
 */
export function createLayout(sampleRate: number): Layout {
  const usual = createRow(usualSampleRate)
  const asked = createRow(sampleRate)
  let index = 0
  return {
    place(piece) {
      check(index, 'samples', piece.samples, 0, Number.MAX_SAFE_INTEGER)
      check(index, 'sampleRate', piece.sampleRate, lowestSampleRate, highestSampleRate)
      if (!(piece.pauseMs >= 0 && Number.isFinite(piece.pauseMs))) {
        throw new RangeError(`pieces[${index}].pauseMs must be a number of milliseconds from 0, not ${piece.pauseMs}`)
      }
      index++
      usual.speak(piece)
      const { overlap, speech } = asked.speak(piece)
      if (piece.pauseMs === 0) return { overlap, speech, pause: 0 }
      usual.rest(Math.round((piece.pauseMs * usualSampleRate) / 1000))
      const pause = Math.max(0, resampledLength(usual.samples, usualSampleRate, sampleRate) - asked.samples)
      asked.rest(pause)
      return { overlap, speech, pause }
    },
    get samples() {
      return asked.samples
    },
  }
}

/** What stands in a row at one rate. */
function createRow(sampleRate: number) {
  let samples = 0
  /** How much of the end can sound together with what follows. */
  let open = 0
  return {
    speak(piece: Omit<Piece, 'open'>) {
      const speech = resampledLength(piece.samples, piece.sampleRate, sampleRate)
      const most = mostOverlap(speech, sampleRate)
      const overlap = Math.min(open, most)
      samples += speech - overlap
      open = most
      return { overlap, speech }
    },
    rest(pause: number) {
      samples += pause
      open = 0
    },
    get samples() {
      return samples
    },
  }
}

function check(index: number, field: string, value: number, lowest: number, highest: number): void {
  if (!Number.isInteger(value) || value < lowest || value > highest) {
    throw new RangeError(`pieces[${index}].${field} must be an integer from ${lowest} to ${highest}, not ${value}`)
  }
}
