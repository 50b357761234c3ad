import { columns } from '../columns.ts'
import type { Result } from './goal.ts'
import { type Machine, wasBusy } from './machine.ts'
import { ratio, spread } from './statistics.ts'

/** A result with what follows from its rounds. */
export interface Verdict extends Result {
  readonly ours: number
  readonly theirs: number
  readonly ratio: ReturnType<typeof ratio>
  readonly met: boolean
}

export function judge(result: Result): Verdict {
  const ratios = ratio(result.rounds)
  const { goal } = result
  return {
    ...result,
    ours: spread(result.rounds.map(({ ours }) => ours)).median,
    theirs: spread(result.rounds.map(({ baseline }) => baseline)).median,
    ratio: ratios,
    met: 'atLeast' in goal ? ratios.median >= goal.atLeast : ratios.median <= goal.atMost,
  }
}

/** The table for people. Figures are medians over the rounds, the spread is from the least ratio of a round to the most. */
export function table(verdicts: readonly Verdict[], machine: Machine, rounds: number): string {
  const { cores, cpu, memoryGiB, node, postgres, system } = machine
  const rows = verdicts.map(({ id, what, unit, ours, theirs, baseline, ratio, goal, met }) => [
    id,
    what,
    `${figure(ours)} ${unit}`,
    `${figure(theirs)} (${baseline})`,
    ratio.median.toFixed(2),
    `${ratio.least.toFixed(2)} … ${ratio.most.toFixed(2)}`,
    'atLeast' in goal ? `≥ ${goal.atLeast.toFixed(2)}` : `≤ ${goal.atMost.toFixed(2)}`,
    met ? 'met' : 'missed',
  ])
  return [
    `${cores} cores (${cpu}), ${memoryGiB} GiB, ${system}, Node ${node}, ${postgres}; load, processes and database share them.`,
    `Medians of ${rounds} rounds in which ours and the baseline took turns; the spread is that of the rounds' ratios.`,
    ...(wasBusy(machine)
      ? [
          `The machine was busy with other things before (load ${machine.loadBefore.toFixed(1)}): measure again when it is not.`,
        ]
      : []),
    '',
    columns([['id', 'what', 'ours', 'baseline', 'ratio', 'spread', 'goal', ''], ...rows]),
  ].join('\n')
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
