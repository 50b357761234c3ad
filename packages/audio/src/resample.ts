/** Turns samples of one rate into samples of another, chunk by chunk. */
export interface Resampler {
  /** How many samples come out altogether: the number that goes in times the ratio of the rates, rounded. */
  readonly length: number
  /**
   * Takes the next samples and gives what they settle; the last of them also gives the rest. Where the chunks are cut
   * changes nothing in what comes out.
   */
  push(input: Int16Array): Float32Array<ArrayBuffer>
}

// Zero crossings of the sinc on each side of its centre, the share of the band that is kept, and the shape of the Kaiser
// window (80 dB): a transition of a tenth of the band, at 48 multiplications for each sample out.
const zeroCrossings = 24
const keptBand = 0.93
const kaiserBeta = 8

interface Kernel {
  readonly up: number
  readonly down: number
  readonly reach: number
  /** One row of `2 * reach` coefficients for each of the `up` places an output sample can have between two input samples. */
  readonly rows: Float32Array
}

const kernels = new Map<string, Kernel>()

/**
 * A polyphase windowed-sinc resampler without delay: what is heard at a time in the input is heard at that time in the
 * output. Before its first and after its last sample the input counts as silent.
 *
 * @param from rate of the input in hertz, an integer
 * @param to rate of the output in hertz, an integer
 * @param samples number of samples that will be pushed altogether
 */
export function createResampler(from: number, to: number, samples: number): Resampler {
  const kernel = kernelFor(from, to)
  const { up, down, reach } = kernel
  const length = resampledLength(samples, from, to)
  let window = new Float32Array(reach - 1)
  let windowStart = -(reach - 1)
  let received = 0
  let given = 0

  return {
    length,
    push(input) {
      received += input.length
      const ended = received >= samples
      const next = new Float32Array(window.length + input.length + (ended ? reach : 0))
      next.set(window)
      next.set(input, window.length)
      window = next

      const lastCentre = windowStart + window.length - 1 - reach
      const settled = ended ? length : Math.min(length, Math.max(given, Math.ceil(((lastCentre + 1) * up) / down)))
      const output = new Float32Array(settled - given)
      convolve(kernel, window, windowStart, given, output)
      given = settled

      const nextFirst = Math.floor((given * down) / up) - reach + 1
      window = window.slice(Math.min(window.length, Math.max(0, nextFirst - windowStart)))
      next.buffer.transfer(0)
      windowStart = Math.max(windowStart, nextFirst)
      return output
    },
  }
}

/**
 * Fills `output`, whose first sample is the `given`th of all, from the samples of `window`, whose first is the `windowStart`th.
 *
 * Each place between input samples is gone through on its own, four output samples at a time: a coefficient is then read once
 * for four, and no sum waits for the one before. That takes half of what one after the other takes.
 */
function convolve(
  { up, down, reach, rows }: Kernel,
  window: Float32Array,
  windowStart: number,
  given: number,
  output: Float32Array,
): void {
  const taps = 2 * reach
  for (let place = 0; place < Math.min(up, output.length); place++) {
    const position = (given + place) * down
    const row = (position % up) * taps
    let first = Math.floor(position / up) - reach + 1 - windowStart
    let n = place
    for (; n + 3 * up < output.length; n += 4 * up) {
      let [a, b, c, d] = [0, 0, 0, 0]
      for (let tap = 0; tap < taps; tap++) {
        const coefficient = rows[row + tap] as number
        const at = first + tap
        a += coefficient * (window[at] as number)
        b += coefficient * (window[at + down] as number)
        c += coefficient * (window[at + 2 * down] as number)
        d += coefficient * (window[at + 3 * down] as number)
      }
      output[n] = a
      output[n + up] = b
      output[n + 2 * up] = c
      output[n + 3 * up] = d
      first += 4 * down
    }
    for (; n < output.length; n += up) {
      let sum = 0
      for (let tap = 0; tap < taps; tap++) sum += (rows[row + tap] as number) * (window[first + tap] as number)
      output[n] = sum
      first += down
    }
  }
}

/** How many samples `samples` at `from` hertz become at `to` hertz. */
export function resampledLength(samples: number, from: number, to: number): number {
  return Math.round((samples * to) / from)
}

function kernelFor(from: number, to: number): Kernel {
  const key = `${from}:${to}`
  const known = kernels.get(key)
  if (known) return known

  const divisor = greatestCommonDivisor(from, to)
  const up = to / divisor
  const down = from / divisor
  const band = keptBand * Math.min(1, to / from)
  const reach = Math.ceil(zeroCrossings / Math.min(1, to / from))
  const taps = 2 * reach
  const rows = new Float32Array(up * taps)
  for (let phase = 0; phase < up; phase++) {
    const row = Array.from({ length: taps }, (_, tap) => {
      const distance = tap - reach + 1 - phase / up
      return sinc(band * distance) * kaiser(distance / reach)
    })
    // Every phase passes a constant unchanged; unequal sums would be heard as a tone at the rate of the phases.
    const sum = row.reduce((total, coefficient) => total + coefficient, 0)
    rows.set(
      row.map((coefficient) => coefficient / sum),
      phase * taps,
    )
  }
  const kernel = { up, down, reach, rows }
  kernels.set(key, kernel)
  return kernel
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : bessel(kaiserBeta * Math.sqrt(1 - x * x)) / bessel(kaiserBeta)
}

/** The modified Bessel function of the first kind and order zero, by its power series. */
function bessel(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}
