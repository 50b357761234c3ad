import fc from 'fast-check'
import type { Engine, SpeakSettings, Speech } from '../engine.ts'

/** The median fundamental frequency of speech in hertz, by normalized autocorrelation of frames of 40 ms. */
export function medianPitch({ samples, sampleRate }: Speech): number {
  // Voices are found below 500 Hz: half the samples are enough and a quarter of the work.
  const half = Float64Array.from(
    { length: samples.length >> 1 },
    (_, i) => (samples[2 * i] ?? 0) + (samples[2 * i + 1] ?? 0),
  )
  const rate = sampleRate / 2
  const size = Math.round(rate * 0.04)
  const shortest = Math.floor(rate / 500)
  const longest = Math.floor(rate / 40)
  const loud = half.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0) * 0.08

  const pitches: number[] = []
  for (let start = 0; start + size + longest < half.length; start += size) {
    if (Math.sqrt(product(half, start, start, size) / size) < loud) continue
    const found: number[] = []
    for (let lag = shortest; lag <= longest; lag++) found.push(likeness(half, start, start + lag, size))
    const best = Math.max(...found)
    // The first peak that is nearly the best: later ones are its multiples.
    const peak = found.findIndex((value, i) => {
      return value > 0.92 * best && value >= (found[i - 1] ?? 1) && value >= (found[i + 1] ?? 1)
    })
    if (best > 0.6 && peak !== -1) pitches.push(rate / (shortest + peak))
  }
  return pitches.sort((a, b) => a - b)[pitches.length >> 1] ?? 0
}

function likeness(samples: Float64Array, a: number, b: number, size: number): number {
  return product(samples, a, b, size) / Math.sqrt(product(samples, a, a, size) * product(samples, b, b, size) + 1)
}

function product(samples: Float64Array, a: number, b: number, size: number): number {
  let sum = 0
  for (let i = 0; i < size; i++) sum += (samples[a + i] ?? 0) * (samples[b + i] ?? 0)
  return sum
}

const some = (unit: string | readonly string[], minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...unit), minLength, maxLength })
const listed = (item: fc.Arbitrary<string>, ...separators: string[]) =>
  fc
    .tuple(fc.array(item, { minLength: 1, maxLength: 60 }), fc.constantFrom(' ', ...separators))
    .map(([items, by]) => items.join(by))
const digits = '0123456789'
const letters = 'abcdefghijklmnopqrstuvwxyz'
/** Long for their letters, or read as something longer than is written. */
const dense = fc.constantFrom(
  ...[
    'CA',
    'NC',
    'MA',
    'Okla',
    'Ga',
    'Feb',
    'Oct',
    'Nov',
    'Sept',
    'Wed',
    'Ave',
    'Blvd',
    'Capt',
    'Sgt',
    'Dr.',
    'St.',
    'Mr.',
  ],
  ...[
    'splash',
    'slash',
    'smash',
    'spark',
    'ox',
    'fox',
    'tax',
    'first',
    'girls',
    'CA/',
    "'s",
    "'s/",
    "n't",
    "'ll/",
    '/',
    '//',
  ],
  ...[
    'No. 5',
    'etc.',
    'XVIII',
    'e.g.',
    '77%',
    '99°F',
    '½',
    '1/2',
    '@',
    '&',
    '#1',
    "it's",
    'w',
    'x',
    '7',
    '-',
    '(',
    '"',
    '=',
    '+',
  ],
)

/** Texts whose length is hard to foresee, among them those that were found to be longest against what was reserved. */
export const hardToForesee: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: listed(dense, '', '/', ', ', '. ', '-') },
    { weight: 3, arbitrary: fc.tuple(listed(dense, '/'), fc.constantFrom(' ', '/', ', ', '')).map(repeated) },
    some(
      Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
      1,
      300,
    ),
    listed(some('7', 1, 7)),
    listed(fc.integer({ min: 1, max: 999_999_999 }).map((number) => number.toLocaleString('en'))),
    listed(
      fc
        .tuple(some('$£€', 1, 1), some(digits, 1, 4), some(digits, 2, 2))
        .map(([sign, whole, cents]) => `${sign}${whole}.${cents}`),
    ),
    listed(some(`${digits}-/:.`, 1, 12)),
    listed(some(letters.toUpperCase(), 1, 5), ', ', '. '),
    listed(some(letters, 1, 12), ', ', '. ', '! ', ' - ', '; '),
    listed(some('aeiou', 1, 4)),
    listed(some(['w', 'x', 'str', 'ow', 'oi', 'tch'], 1, 4)),
  )
  .map((text) => text.slice(0, 300))

function repeated([unit, by]: [string, string]): string {
  return `${unit}${by}`.repeat(Math.ceil(300 / unit.length))
}

export const someSettings: fc.Arbitrary<SpeakSettings> = fc.record({
  speed: fc.constantFrom(undefined, 0.25, 0.7, 1.5, 2, 4),
  pitch: fc.constantFrom(undefined, -12, 5, 12),
})

/** The longest that is worth waiting for, in milliseconds: minutes of slow digits say no more than seconds of them. */
const longest = 60_000

/**
 * Has texts spoken, each with any of the voices and settings.
 *
 * @returns the highest share of what was reserved that one of them took: 1 at most.
 * @throws {Error} with the seed and the shortest text, where one is spoken longer than was reserved for it.
 */
export async function proveBounds(
  engine: Engine,
  { runs, seed, voices }: { readonly runs: number; readonly seed?: number; readonly voices: readonly string[] },
): Promise<number> {
  let highest = 0
  const { signal } = new AbortController()
  const anything = fc.record({ text: hardToForesee, voice: fc.constantFrom(...voices), settings: someSettings })
  const property = fc.asyncProperty(anything, async (request) => {
    fc.pre(engine.check(request) === null)
    const { maxMs } = engine.estimate(request)
    fc.pre(maxMs < longest)
    const { samples, sampleRate } = await engine.speak(request, { signal })
    const share = (samples.length * 1000) / sampleRate / maxMs
    if (share > 1) throw new Error(`spoken for ${share.toFixed(3)} times what was reserved`)
    highest = Math.max(highest, share)
  })
  await fc.assert(property, { numRuns: runs, ...(seed !== undefined && { seed }) })
  return highest
}
