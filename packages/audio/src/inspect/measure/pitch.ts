import type { Block } from '../sound.ts'
import { framesPerSecond } from './frames.ts'

/** Takes blocks, and finds the pitch of the voice in them. */
export interface PitchMeter {
  push(block: Block): void
  /** @param active for each frame 1 where there is speech. @returns the median in hertz; `null` when too little is voiced */
  finish(active: Uint8Array): number | null
}

/** Voices are lower; what is analysed is sampled at this rate or up to twice as fast. */
const analysisRate = 8000
const [lowest, highest] = [60, 500]
const threshold = 0.15
/** The frames that are analysed, spread over all that have speech: a minute of 20 ms each. */
const mostFrames = 3000
const leastVoiced = 20

/** @param sampleRate in hertz */
export function createPitchMeter(sampleRate: number): PitchMeter {
  const factor = Math.max(1, Math.floor(sampleRate / analysisRate))
  const rate = sampleRate / factor
  const filters = [createLowPass(sampleRate, 0.5412), createLowPass(sampleRate, 1.3066)]
  const chunks: Int16Array[] = []
  let chunk = new Int16Array(analysisRate)
  let filled = 0
  let phase = 0

  return {
    push(block) {
      const mono = new Float32Array(block[0]?.length ?? 0)
      for (const plane of block) {
        for (let i = 0; i < mono.length; i++) mono[i] = (mono[i] as number) + (plane[i] as number)
      }
      for (const filter of filters) filter(mono)
      for (let i = factor - 1 - phase; i < mono.length; i += factor) {
        const sample = (mono[i] as number) / block.length
        chunk[filled++] = Math.max(-1, Math.min(1, sample)) * 32_767
        if (filled === chunk.length) {
          chunks.push(chunk)
          chunk = new Int16Array(analysisRate)
          filled = 0
        }
      }
      phase = (phase + mono.length) % factor
    },
    finish(active) {
      chunks.push(chunk.subarray(0, filled))
      const speech = new Int16Array(chunks.reduce((sum, part) => sum + part.length, 0))
      chunks.reduce((offset, part) => {
        speech.set(part, offset)
        return offset + part.length
      }, 0)
      const frames = [...active.keys()].filter((frame) => active[frame] && frame % 2 === 0)
      const every = Math.max(1, Math.ceil(frames.length / mostFrames))
      const pitches = frames
        .filter((_, index) => index % every === 0)
        .map((frame) => pitchAt(speech, Math.round((frame * rate) / framesPerSecond), rate))
        .filter((pitch) => pitch !== null)
        .sort((a, b) => a - b)
      return pitches.length < leastVoiced ? null : (pitches[Math.floor(pitches.length / 2)] ?? null)
    },
  }
}

/**
 * Half of a Butterworth filter of fourth order, at 1 kHz: twice the highest pitch.
 *
 * @returns a function that filters in place
 */
function createLowPass(sampleRate: number, q: number): (samples: Float32Array) => void {
  const k = Math.tan((Math.PI * Math.min(1000, sampleRate / 4)) / sampleRate)
  const scale = 1 + k / q + k * k
  const b = (k * k) / scale
  const [a1, a2] = [(2 * (k * k - 1)) / scale, (1 - k / q + k * k) / scale]
  const past = new Float64Array(2)
  return (samples) => {
    let [s1 = 0, s2 = 0] = past
    for (let i = 0; i < samples.length; i++) {
      const x = samples[i] as number
      const y = b * x + s1
      s1 = 2 * b * x - a1 * y + s2
      s2 = b * x - a2 * y + 1e-20
      samples[i] = y
    }
    past.set([s1, s2])
  }
}

/** YIN (de Cheveigné and Kawahara, 2002): the first lag at which the signal all but repeats itself. */
function pitchAt(signal: Int16Array, start: number, rate: number): number | null {
  const window = Math.round(0.03 * rate)
  const longest = Math.ceil(rate / lowest)
  const shortest = Math.floor(rate / highest)
  if (start + window + longest >= signal.length) return null

  const difference = new Float64Array(longest + 2)
  let sum = 0
  difference[0] = 1
  for (let lag = 1; lag <= longest + 1; lag++) {
    let total = 0
    for (let i = start; i < start + window; i++) {
      const distance = (signal[i] as number) - (signal[i + lag] as number)
      total += distance * distance
    }
    sum += total
    difference[lag] = sum === 0 ? 1 : (total * lag) / sum
  }
  for (let lag = shortest; lag <= longest; lag++) {
    const here = difference[lag] as number
    if (here >= threshold || (difference[lag + 1] as number) < here) continue
    const [before, after] = [difference[lag - 1] as number, difference[lag + 1] as number]
    const bend = before - 2 * here + after
    return rate / (lag + (bend === 0 ? 0 : (before - after) / (2 * bend)))
  }
  return null
}
