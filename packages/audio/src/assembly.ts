import type { Assembly, Piece } from './assemble.ts'
import { outputSampleRate } from './format.ts'
import { resampledLength } from './resample.ts'

const lowestSampleRate = 8000
const highestSampleRate = 192_000

/**
 * The length of what joining `pieces` gives, without reading any of them.
 *
 * @throws RangeError when a piece has a length, rate or pause that no audio has
 */
export function assembly(pieces: readonly Omit<Piece, 'open'>[]): Assembly {
  let samples = 0
  for (const [index, piece] of pieces.entries()) {
    check(index, 'samples', piece.samples, 0, Number.MAX_SAFE_INTEGER)
    check(index, 'sampleRate', piece.sampleRate, lowestSampleRate, highestSampleRate)
    if (!(piece.pauseMs >= 0 && Number.isFinite(piece.pauseMs))) {
      throw new RangeError(`pieces[${index}].pauseMs must be a number of milliseconds from 0, not ${piece.pauseMs}`)
    }
    samples += resampledLength(piece.samples, piece.sampleRate, outputSampleRate) + pauseSamples(piece.pauseMs)
  }
  return { samples, durationMs: Math.round((samples * 1000) / outputSampleRate) }
}

/** How many samples of silence a pause is. */
export function pauseSamples(pauseMs: number): number {
  return Math.round((pauseMs * outputSampleRate) / 1000)
}

function check(index: number, field: string, value: number, lowest: number, highest: number): void {
  if (!Number.isInteger(value) || value < lowest || value > highest) {
    throw new RangeError(`pieces[${index}].${field} must be an integer from ${lowest} to ${highest}, not ${value}`)
  }
}
