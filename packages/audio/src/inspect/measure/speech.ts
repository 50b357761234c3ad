import { decibels, framesPerSecond, percentile } from './frames.ts'

/** Where there is sound and where there is pause, told by energy alone. */
export interface Speech {
  /** For each frame 1 where there is speech. */
  readonly active: Uint8Array
  readonly speechMs: number
  /** In dBFS. */
  readonly noiseDbfs: number
  /** Level that all but the loudest twentieth of frames stay below, in dBFS. */
  readonly loudDbfs: number
  readonly syllablesPerSecond: number | null
}

const gateBelowLoud = 30
const gateAboveNoise = 9
const gateAtLeast = -65
const shortestSpeech = 0.06 * framesPerSecond
/** Between the words of a phrase, and in the closures of its consonants, nobody hears a pause. */
const longestClosure = 0.25 * framesPerSecond
const leastSpeechMs = 1000

/** @param levels mean squares of frames of 10 ms and channel, K-weighted */
export function speechOf(levels: Float64Array): Speech {
  const smooth = smoothed(levels, 5).map(decibels)
  const noiseDbfs = percentile(smooth, 0.1)
  const loudDbfs = percentile(smooth, 0.95)
  // Speech without a pause has no noise to tell it from: its quiet parts are not far below its loud ones.
  const gate = Math.max(
    gateAtLeast,
    loudDbfs - gateBelowLoud,
    Math.min(noiseDbfs + gateAboveNoise, loudDbfs - 2 * gateAboveNoise),
  )
  const active = Uint8Array.from(smooth, (level) => (level > gate ? 1 : 0))
  fillRuns(active, 1, shortestSpeech)
  fillRuns(active, 0, longestClosure)
  const frames = active.reduce((sum, frame) => sum + frame, 0)
  const speechMs = Math.round((frames * 1000) / framesPerSecond)
  const syllables = countSyllables(levels, active, loudDbfs)
  return {
    active,
    speechMs,
    noiseDbfs,
    loudDbfs,
    syllablesPerSecond: speechMs < leastSpeechMs ? null : (syllables * 1000) / speechMs,
  }
}

/** Turns runs of `value` that are shorter than `length` and have neighbours on both sides, into the other value. */
function fillRuns(frames: Uint8Array, value: 0 | 1, length: number): void {
  for (let start = 0; start < frames.length; ) {
    let end = start
    while (end < frames.length && frames[end] === frames[start]) end++
    const isInside = value === 1 || (start > 0 && end < frames.length)
    if (frames[start] === value && end - start < length && isInside) frames.fill(1 - value, start, end)
    start = end
  }
}

/**
 * Syllables are peaks of energy with a dip of 2 dB and more between them, as de Jong and Wempe (2009) count them.
 *
 * @param loudDbfs peaks far below it are breath and noise
 */
function countSyllables(levels: Float64Array, active: Uint8Array, loudDbfs: number): number {
  const dip = 2
  const smooth = smoothed(levels, 7).map(decibels)
  let count = 0
  let lowest = -Infinity
  let highest = -Infinity
  let rising = true
  for (const [frame, level] of smooth.entries()) {
    if (rising) {
      highest = Math.max(highest, level)
      if (level > highest - dip) continue
      if (active[frame] && highest > loudDbfs - 25) count++
      rising = false
      lowest = level
    } else {
      lowest = Math.min(lowest, level)
      if (level < lowest + dip) continue
      rising = true
      highest = level
    }
  }
  return count
}

/** Mean over an odd number of frames. */
function smoothed(values: Float64Array, width: number): Float64Array {
  const half = (width - 1) / 2
  return values.map((_, index) => {
    const from = Math.max(0, index - half)
    const to = Math.min(values.length, index + half + 1)
    let sum = 0
    for (let i = from; i < to; i++) sum += values[i] ?? 0
    return sum / (to - from)
  })
}
