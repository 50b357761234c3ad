import { setTimeout as sleep } from 'node:timers/promises'
import { judgeProvider } from '@loqui/core/testing/provider-judge'
import { providerSwitches } from '@loqui/core/testing/provider-switches'
import { batter } from './batter.ts'
import { type Proof, tryOften } from './proof.ts'
import { openStage, type Stage, startProvider } from './provider-stage.ts'
import { createRandom } from './random.ts'

/** A minute of unknown calls, one without credit, and the last kill's heartbeats. */
const restMs = 300_000

/** Servers and workers die at random while the provider fails in all ways. */
export const chaos: Proof = {
  id: 'chaos',
  what: 'SIGKILL of servers and workers at random while the provider fails in all ways: all ends, nothing is paid twice',
  async run(prove) {
    const minutes = prove.quick ? 1 : 10
    const { fake, env } = await startProvider()
    const ground = await prove.database()
    const loqui = await prove.loqui(ground, { env, servers: 2, workers: 2 })
    try {
      const stage = await openStage(ground, loqui, fake)
      const what = `${minutes} ${minutes === 1 ? 'minute' : 'minutes'} of kills under load`
      return [
        await tryOften(prove, { what, times: 1, of: 'runs' }, () =>
          killAtRandom(stage, { seconds: minutes * 60, random: createRandom(prove.seed) }),
        ),
      ]
    } finally {
      await loqui.close()
      await fake.close()
    }
  },
}

/**
 * @returns what there was of it.
 * @throws AssertionError for a broken promise.
 */
export async function killAtRandom(
  stage: Stage,
  { seconds, random }: { readonly seconds: number; readonly random: () => number },
): Promise<string> {
  const { fake } = stage
  // The ways that pass by themselves: what does not end wants a clock that is moved.
  const ways = providerSwitches.filter(({ webhooks, needsTime }) => !webhooks && !needsTime)
  const { ids, killed } = await batter(stage, {
    seconds,
    random,
    async meanwhile(between) {
      const way = ways[Math.floor(random() * ways.length)]
      fake.pace.listedAfterMs = way?.pace?.listedAfterMs ?? 0
      fake.fail(...(way?.faults({ forMs: between(1_000, 4_000) }) ?? []))
      await sleep(between(2_000, 6_000))
      fake.heal()
    },
  })
  fake.heal()
  fake.pace.listedAfterMs = 0
  await stage.rest(ids, restMs)
  const { succeeded, failed, creations, extra } = await judgeProvider(stage.owner, fake, ids)
  stage.expectPeace()
  return `${killed}; ${succeeded} generations succeeded, ${failed} failed; ${creations} creations, ${extra} of them second ones`
}
