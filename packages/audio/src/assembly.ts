import type { Assembly, Piece } from './assemble.ts'
import { usualSampleRate } from './format.ts'
import { resampledLength } from './resample.ts'

const lowestSampleRate = 8000
const highestSampleRate = 192_000

/** A piece as it will stand in the joined audio: lengths in samples at the joined audio's rate. */
export interface Place {
  readonly speech: number
  /** The silence behind it. */
  readonly pause: number
}

/**
 * The length of what joining `pieces` gives, without reading any of them.
 *
 * @param sampleRate of the joined audio, in hertz
 * @throws RangeError when a piece has a length, rate or pause that no audio has
 */
export function assembly(pieces: readonly Omit<Piece, 'open'>[], sampleRate: number = usualSampleRate): Assembly {
  const samples = layOut(pieces, sampleRate).reduce((sum, { speech, pause }) => sum + speech + pause, 0)
  return { samples, durationMs: Math.round((samples * 1000) / sampleRate) }
}

/**
 * Where each piece stands. What is heard at a time at one rate is heard at that time at every other: behind a pause, a
 * piece begins where it does at the usual rate, to half a sample, because the pause takes up what rounding left over.
 *
 * @throws RangeError as {@link assembly}
 */
export function layOut(pieces: readonly Omit<Piece, 'open'>[], sampleRate: number): Place[] {
  let usual = 0
  let position = 0
  return pieces.map((piece, index) => {
    check(index, 'samples', piece.samples, 0, Number.MAX_SAFE_INTEGER)
    check(index, 'sampleRate', piece.sampleRate, lowestSampleRate, highestSampleRate)
    if (!(piece.pauseMs >= 0 && Number.isFinite(piece.pauseMs))) {
      throw new RangeError(`pieces[${index}].pauseMs must be a number of milliseconds from 0, not ${piece.pauseMs}`)
    }
    usual += resampledLength(piece.samples, piece.sampleRate, usualSampleRate)
    usual += Math.round((piece.pauseMs * usualSampleRate) / 1000)
    const speech = resampledLength(piece.samples, piece.sampleRate, sampleRate)
    const end = resampledLength(usual, usualSampleRate, sampleRate)
    const pause = piece.pauseMs === 0 ? 0 : Math.max(0, end - position - speech)
    position += speech + pause
    return { speech, pause }
  })
}

function check(index: number, field: string, value: number, lowest: number, highest: number): void {
  if (!Number.isInteger(value) || value < lowest || value > highest) {
    throw new RangeError(`pieces[${index}].${field} must be an integer from ${lowest} to ${highest}, not ${value}`)
  }
}
