import type { SampleMeasurements } from '@loqui/db/schema/samples'

type Traits = Pick<SampleMeasurements, 'pitchHz' | 'syllablesPerSecond' | 'speechMs'>

/**
 * What several samples of one voice say together: the pitch of the middle of all their speech, which one sample in another
 * mood does not move, and the pace of all of it.
 */
export function combineTraits(samples: readonly Traits[]): Omit<Traits, 'speechMs'> {
  return {
    pitchHz: weightedMedian(known(samples, 'pitchHz')),
    syllablesPerSecond: weightedMean(known(samples, 'syllablesPerSecond')),
  }
}

/** A measurement, and how much speech it was made of. */
type Weighted = { readonly value: number; readonly weight: number }

const known = (samples: readonly Traits[], trait: 'pitchHz' | 'syllablesPerSecond'): Weighted[] =>
  samples.flatMap((sample) => {
    const value = sample[trait]
    // A sample without speech still says something where nothing else does.
    return value === null ? [] : { value, weight: Math.max(1, sample.speechMs) }
  })

const total = (all: readonly Weighted[]) => all.reduce((sum, { weight }) => sum + weight, 0)

function weightedMean(all: readonly Weighted[]): number | null {
  return all.length === 0 ? null : all.reduce((sum, { value, weight }) => sum + value * weight, 0) / total(all)
}

function weightedMedian(all: readonly Weighted[]): number | null {
  let left = total(all) / 2
  for (const { value, weight } of all.toSorted((a, b) => a.value - b.value)) {
    left -= weight
    if (left <= 0) return value
  }
  return null
}
