import { kWeighting } from './k-weighting.ts'

/** Measures the integrated loudness of one channel (EBU R 128, ITU-R BS.1770-4), in bounded memory. */
export interface LoudnessMeter {
  /** Takes the next samples, of 16 bits. */
  push(samples: Int16Array): void
  /** Of all that was pushed, in LUFS; `null` when nothing of it is louder than −70 LUFS. */
  integrated(): number | null
}

const fullScale = 32_768
const absoluteGate = -70
const relativeGate = -10
/** A block is 400 ms long, and one begins each 100 ms. */
const stepsPerSecond = 10
const stepsPerBlock = 4

/**
 * Blocks are kept by their loudness, in bins of 0.01 LU: what the gate below them may err by. Those that are empty are not
 * there: a segment has a meter of its own, and leaves it to the garbage collector.
 */
const binsPerLu = 100
const highestBin = 80 * binsPerLu - 1
type Bins = Map<number, { count: number; energy: number }>

/** @param sampleRate in hertz */
export function createLoudnessMeter(sampleRate: number): LoudnessMeter {
  const weigh = createKWeightedSum(sampleRate)
  const stepSamples = Math.round(sampleRate / stepsPerSecond)
  const lastSteps = new Float64Array(stepsPerBlock)
  const bins: Bins = new Map()
  let steps = 0
  let inStep = 0
  let sum = 0
  let total = 0
  let samples = 0

  const keep = (energy: number) => {
    const loudness = toLufs(energy)
    if (!(loudness > absoluteGate)) return
    const index = Math.min(highestBin, Math.floor((loudness - absoluteGate) * binsPerLu))
    const bin = bins.get(index)
    if (bin) {
      bin.count++
      bin.energy += energy
    } else bins.set(index, { count: 1, energy })
  }

  return {
    push(input) {
      for (let n = 0; n < input.length; ) {
        const end = Math.min(input.length, n + stepSamples - inStep)
        sum = weigh(sum, input, n, end)
        inStep += end - n
        n = end
        if (inStep < stepSamples) continue
        lastSteps[steps++ % stepsPerBlock] = sum
        total += sum
        sum = 0
        inStep = 0
        if (steps >= stepsPerBlock) keep(lastSteps.reduce((all, step) => all + step, 0) / (stepsPerBlock * stepSamples))
      }
      samples += input.length
    },
    integrated() {
      // What is shorter than a block is one.
      if (steps < stepsPerBlock) {
        const loudness = samples === 0 ? absoluteGate : toLufs((total + sum) / samples)
        return loudness > absoluteGate ? loudness : null
      }
      const ungated = mean(bins, 0)
      if (ungated === null) return null
      const gate = toLufs(ungated) + relativeGate
      const gated = mean(bins, Math.max(0, Math.floor((gate - absoluteGate) * binsPerLu)))
      return gated === null ? null : toLufs(gated)
    },
  }
}

function mean(bins: Bins, from: number): number | null {
  let count = 0
  let energy = 0
  for (const [index, bin] of bins) {
    if (index < from) continue
    count += bin.count
    energy += bin.energy
  }
  return count === 0 ? null : energy / count
}

const toLufs = (energy: number) => -0.691 + 10 * Math.log10(energy)

/**
 * Adds the squares of K-weighted samples to a sum, one by one, so that it is the same wherever chunks are cut. Both filters (transposed direct form II) are written out in one loop: as a call for
 * each sample they take twice as long.
 */
function createKWeightedSum(sampleRate: number): (sum: number, input: Int16Array, from: number, to: number) => number {
  const { shelf, highPass } = kWeighting(sampleRate)
  const [b0, b1, b2, a1, a2] = shelf
  const [d0, d1, d2, c1, c2] = highPass
  let [first, second, third, fourth] = [0, 0, 0, 0]
  return (before, input, from, to) => {
    let sum = before
    for (let n = from; n < to; n++) {
      const sample = (input[n] as number) / fullScale
      const shelved = b0 * sample + first
      first = b1 * sample - a1 * shelved + second
      second = b2 * sample - a2 * shelved
      const weighted = d0 * shelved + third
      third = d1 * shelved - c1 * weighted + fourth
      fourth = d2 * shelved - c2 * weighted
      sum += weighted * weighted
    }
    return sum
  }
}
