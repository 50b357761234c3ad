import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './provider-stage.ts'

/** What is done to a Loqui for a while. */
export interface Battering {
  readonly seconds: number
  readonly random: () => number
  /** Whatever else happens, again and again. */
  meanwhile(between: (least: number, most: number) => number): Promise<void>
}

export interface Battered {
  readonly ids: readonly string[]
  /** How many processes were killed, as a clause. */
  readonly killed: string
}

/** Creates generations, and kills servers and workers at random, each of which has a successor at once. */
export async function batter(
  { loqui, create }: Pick<Stage<unknown>, 'loqui' | 'create'>,
  { seconds, random, meanwhile }: Battering,
): Promise<Battered> {
  const until = performance.now() + seconds * 1_000
  const goesOn = () => performance.now() < until
  const between = (least: number, most: number) => least + random() * (most - least)
  const ids: string[] = []
  const kills = { server: 0, worker: 0 }

  const creating = async () => {
    while (goesOn()) {
      ids.push(...(await create(4)))
      // Below what an installation asks of its provider, five calls a second: a backlog would say nothing of kills.
      await sleep(between(2_000, 3_000))
    }
  }
  const killing = async () => {
    while (goesOn()) {
      await sleep(between(1_000, 5_000))
      const kind = random() < 0.5 ? 'server' : 'worker'
      const running = kind === 'server' ? loqui.servers : loqui.workers
      const victim = running[Math.floor(random() * running.length)]
      await victim?.end('SIGKILL')
      kills[kind]++
      await (kind === 'server' ? loqui.startServer() : loqui.startWorker())
    }
  }
  const going = async () => {
    while (goesOn()) await meanwhile(between)
  }
  await Promise.all([creating(), killing(), going()])
  return { ids, killed: `${kills.server} servers and ${kills.worker} workers killed` }
}
