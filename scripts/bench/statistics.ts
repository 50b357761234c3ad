/** What the same measurement gave in the rounds of one run. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** The value at `rank` of 0 to 1 among `values`, between neighbours where none is there. @throws RangeError without any. */
export function quantile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * rank
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  if (below === undefined || above === undefined) throw new RangeError('nothing was measured')
  return below + (above - below) * (position - Math.floor(position))
}

/** @throws RangeError when there is no value. */
export function spread(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), least: quantile(values, 0), most: quantile(values, 1) }
}

/** What ours and the baseline gave in one round, one right after the other. */
export interface Round {
  readonly ours: number
  readonly baseline: number
}

/**
 * Ours over the baseline, round by round: what else the machine does slows both of one round, so that ratios of rounds lie
 * closer together than what they are made of.
 */
export function ratio(rounds: readonly Round[]): Spread {
  return spread(rounds.map(({ ours, baseline }) => ours / baseline))
}
