import type { Bench } from './bench.ts'

/** Contenders by name: each call measures one once, for about `seconds`. */
export type Contenders<Name extends string, Figure> = Readonly<Record<Name, (seconds: number) => Promise<Figure>>>

/**
 * Lets contenders take turns, round after round, each time in the other order: what else the machine does, a cache that
 * fills and a table that grows hit all of them. A first round warms everything up and is not counted.
 */
export async function interleave<Figure, Name extends string>(
  { rounds, seconds, warmUpSeconds, log }: Pick<Bench, 'rounds' | 'seconds' | 'warmUpSeconds' | 'log'>,
  contenders: Contenders<Name, Figure>,
): Promise<Record<Name, Figure>[]> {
  const names = Object.keys(contenders) as Name[]
  const figures: Record<Name, Figure>[] = []
  for (let round = 0; round <= rounds; round++) {
    const length = round === 0 ? Math.max(seconds, warmUpSeconds) : seconds
    const measured: Partial<Record<Name, Figure>> = {}
    for (const name of round % 2 === 0 ? names : names.toReversed()) measured[name] = await contenders[name](length)
    log(`  ${round === 0 ? 'warm-up' : `round ${round}`}: ${JSON.stringify(measured)}`)
    if (round > 0) figures.push(measured as Record<Name, Figure>)
  }
  return figures
}
