/** Of a filter of second order: b0, b1, b2, a1, a2, with a0 = 1. */
export type Coefficients = readonly [b0: number, b1: number, b2: number, a1: number, a2: number]

/**
 * The K-weighting of ITU-R BS.1770-4 at any rate: a shelf that lifts what is above 1.7 kHz as a head does, and a high-pass at
 * 38 Hz. The standard lists coefficients for 48 kHz; these are the analogue filters they come from.
 *
 * @param sampleRate in hertz
 */
export function kWeighting(sampleRate: number): { readonly shelf: Coefficients; readonly highPass: Coefficients } {
  return { shelf: shelf(sampleRate), highPass: highPass(sampleRate) }
}

function shelf(sampleRate: number): Coefficients {
  const k = Math.tan((Math.PI * 1681.974450955533) / sampleRate)
  const q = 0.7071752369554196
  const high = 10 ** (3.999843853973347 / 20)
  const middle = high ** 0.4996667741545416
  const a0 = 1 + k / q + k * k
  return [
    (high + (middle * k) / q + k * k) / a0,
    (2 * (k * k - high)) / a0,
    (high - (middle * k) / q + k * k) / a0,
    (2 * (k * k - 1)) / a0,
    (1 - k / q + k * k) / a0,
  ]
}

function highPass(sampleRate: number): Coefficients {
  const k = Math.tan((Math.PI * 38.13547087602444) / sampleRate)
  const q = 0.5003270373238773
  const a0 = 1 + k / q + k * k
  return [1, -2, 1, (2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0]
}
