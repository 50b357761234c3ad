import { judgeProvider, type ProviderTally } from '@loqui/core/testing/provider-judge'
import { type ProviderSwitch, providerSwitches } from '@loqui/core/testing/provider-switches'
import type { FakeReplicate } from '@loqui/fake-replicate/server'
import { describe, type Proof, type Prove, type Tried } from './proof.ts'
import { openStage, type Stage, startProvider } from './provider-stage.ts'

/** How long a switch is on, from when the first is created. */
const onMs = 8_000
/** What is longest: an account without credit is left alone for a minute, and what is unknown for three quarters of one. */
const restMs = 300_000

/** The provider fails in each way by itself. */
export const switches: Proof = {
  id: 'switches',
  what: 'a provider that fails in each way known, in turn: all ends as it should, and is paid once',
  async run(prove) {
    const generations = prove.quick ? 20 : 200
    const tried = new Map<ProviderSwitch, Tried>()
    const left = [...providerSwitches].reverse()
    // Most of each is waiting.
    await Promise.all(
      Array.from({ length: Math.min(prove.lanes, 4) }, async () => {
        for (let one = left.pop(); one; one = left.pop()) {
          tried.set(one, await trySwitch(prove, one, generations))
        }
      }),
    )
    return providerSwitches.flatMap((one) => tried.get(one) ?? [])
  },
}

async function trySwitch(prove: Prove, one: ProviderSwitch, times: number): Promise<Tried> {
  const what = `200 generations through “${one.name}”`.replace('200', String(times))
  const { fake, env } = await startProvider()
  const ground = await prove.database()
  // Replicate sends to https only; the server that is asked by people has another address.
  const publicUrl = one.webhooks ? { PUBLIC_URL: 'https://loqui.example' } : {}
  const loqui = await prove.loqui(ground, { env: { ...env, ...publicUrl } })
  const began = performance.now()
  try {
    fake.webhooks.sendTo = one.webhooks ? loqui.url : null
    const stage = await openStage(ground, loqui, fake)
    const tally = await runSwitch(stage, one, times)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    const note = `${tally.succeeded} succeeded, ${tally.failed} failed; ${tally.creations} creations, ${tally.extra} of them second ones; ${seconds} s`
    prove.log(`  ${what}: ${note}`)
    return { what, times, of: 'generations', violations: [], note }
  } catch (error) {
    prove.log(`  violation: ${what}: ${describe(error)}`)
    return { what, times, of: 'generations', violations: [describe(error)] }
  } finally {
    await loqui.close()
    await fake.close()
  }
}

/** How often a provider's time is moved on where something is stuck, and how long it must have been. */
const hastenMs = 5_000
/** What is sent as `Cancel-After`. */
const deadlineMs = 10 * 60_000

/** Moves the provider's time past the deadline of what does not end. */
function hasten({ clock, running }: FakeReplicate): void {
  if (running().some(({ createdAt }) => clock.now() - createdAt > hastenMs)) clock.advance(deadlineMs)
}

/** @throws AssertionError for a broken promise. */
async function runSwitch(
  stage: Stage,
  { faults, doom = false, needsTime = false, pace = {} }: ProviderSwitch,
  count: number,
): Promise<ProviderTally> {
  const { fake } = stage
  Object.assign(fake.pace, pace)
  fake.fail(...faults({ forMs: onMs }))
  const ids = await stage.create(count)
  const hastening = needsTime ? setInterval(() => hasten(fake), hastenMs) : undefined
  try {
    await stage.rest(ids, restMs)
  } finally {
    clearInterval(hastening)
  }
  const tally = await judgeProvider(stage.owner, fake, ids, { doom })
  stage.expectPeace()
  return tally
}
