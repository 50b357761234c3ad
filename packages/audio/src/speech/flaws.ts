import { frameMs, fromDecibels, type Levels, measureLevels } from './levels.ts'

/**
 * What can be wrong with a take. `silent`: there is no speech in it. `gap`: a long silence inside. `clipped`: cut off at
 * full scale. `truncated`: the model came to the end of what it can make at once in the middle of speaking. `too_short`,
 * `too_long`: against its text.
 */
export const flaws = ['silent', 'gap', 'clipped', 'truncated', 'too_short', 'too_long'] as const
export type Flaw = (typeof flaws)[number]

/** What a take should be. */
export interface Expectation {
  /** How long it should be, in milliseconds; `null` where nobody knows: then it may be silent, too. */
  readonly expectedMs: number | null
  /** The longest that its engine makes at once, in milliseconds; `null` where it has no end. */
  readonly mostMs: number | null
}

/**
 * Finds what is wrong with speech as an engine made it. Pure, and quick: some milliseconds for the longest there is.
 *
 * @param samples with the silence around it, which tells whether it came to an end.
 * @param trimmed the same without.
 * @param sampleRate in hertz
 */
export function findFlaws(
  samples: Int16Array,
  trimmed: Int16Array,
  sampleRate: number,
  { expectedMs, mostMs }: Expectation,
  levels = measureLevels(samples, sampleRate),
): Flaw[] {
  if (isSilent(levels)) return expectedMs === null ? [] : ['silent']
  const lengthMs = (count: number) => (count * 1000) / sampleRate
  const found: Flaw[] = []
  if (hasGap(levels)) found.push('gap')
  if (isClipped(samples, levels)) found.push('clipped')
  if (mostMs !== null && lengthMs(samples.length) > mostMs - capMarginMs && !endsQuietly(levels))
    found.push('truncated')
  if (expectedMs !== null) {
    const ms = lengthMs(trimmed.length)
    if (ms < expectedMs * shortest.factor - shortest.graceMs) found.push('too_short')
    if (ms > expectedMs * longest.factor + longest.graceMs) found.push('too_long')
  }
  return found
}

/**
 * Speech of the usual level is some 30 dB louder; a room that nobody speaks in is as loud as this. Of full scale, as a mean
 * square.
 */
const audible = fromDecibels(-55)
/** Shorter than any word. */
const shortestSoundMs = 40

function isSilent({ energies, loud }: Levels): boolean {
  if (loud < audible) return true
  const gate = loud * fromDecibels(-30)
  let sounding = 0
  for (const energy of energies) if (energy > gate) sounding++
  return sounding * frameMs < shortestSoundMs
}

/** Between two paragraphs a reader pauses for one second; spoken four times as slow a full stop takes one and a half. */
const longestPauseMs = 3_000

function hasGap({ energies, loud }: Levels): boolean {
  const gate = loud * fromDecibels(-35)
  let last = energies.length
  for (const [frame, energy] of energies.entries()) {
    if (energy <= gate) continue
    if ((frame - last) * frameMs > longestPauseMs) return true
    last = frame
  }
  return false
}

/** As far as 16 bits go, and a little for what was scaled after it was cut off. */
const fullScale = 32_700
/** A wave that only touches full scale leaves it at once; one that is cut off stays. In samples. */
const shortestPlateau = 3
/** Of all samples. A syllable here and there at full scale is not heard. */
const mostPlateaus = 0.001

function isClipped(samples: Int16Array, { peak }: Levels): boolean {
  // Hardly any speech comes near it.
  if (peak < fullScale) return false
  let clipped = 0
  let run = 0
  let sign = 0
  for (let at = 0; at < samples.length; at++) {
    const sample = samples[at] as number
    const side = sample >= fullScale ? 1 : sample <= -fullScale ? -1 : 0
    if (side !== 0 && side === sign) run++
    else {
      if (run >= shortestPlateau) clipped += run
      run = side === 0 ? 0 : 1
      sign = side
    }
  }
  if (run >= shortestPlateau) clipped += run
  return clipped > samples.length * mostPlateaus
}

/** The models' last step is 40 ms; vocoders take a few of them off. In milliseconds. */
const capMarginMs = 250
/** A sentence that has come to its end has fallen that far, for as long. */
const quiet = { db: -25, ms: 60 }

function endsQuietly({ energies, loud }: Levels): boolean {
  return energies.slice(-quiet.ms / frameMs).every((energy) => energy < loud * fromDecibels(quiet.db))
}

/**
 * What is said against what is expected: the fastest voices take two thirds of the usual time, the slowest one and a half times
 * it, and estimates err by a fifth on prose, by more on a few words or figures. What is beyond left some of its text out,
 * or says more.
 */
const shortest = { factor: 0.4, graceMs: 200 }
const longest = { factor: 1.8, graceMs: 1_500 }

/** How bad each is against the others: of two takes the one with less of it is kept. */
const weights: Readonly<Record<Flaw, number>> = {
  silent: 100,
  truncated: 8,
  gap: 6,
  too_short: 5,
  too_long: 4,
  clipped: 2,
}

/** How bad a take is, from 0. */
export const badness = (found: readonly Flaw[]): number => found.reduce((sum, flaw) => sum + weights[flaw], 0)
