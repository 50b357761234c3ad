import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { judgeProvider } from '@loqui/core/testing/provider-judge'
import type { RequestFaultInput } from '@loqui/fake-replicate/faults'
import { type Proof, tryOften } from './proof.ts'
import { openStage, type Stage, startProvider } from './provider-stage.ts'

/** The ways in which nothing at all is answered as it should be. */
export const outages = {
  'connections that are dropped': { kind: 'reset' },
  'nothing but 503': { kind: 'status', status: 503 },
} as const satisfies Record<string, RequestFaultInput>

/** What an outage may cost the provider in requests, beside its probes: for each segment that is to be spoken. */
const mostForJob = 1.1
/** A call that finds out whether the provider works again looks for what it has made before, asks, and looks for that. */
const requestsOfProbe = 3
/** When it is over, an engine that was left alone longest is tried again within a minute and a half. */
const restMs = 240_000

/** The provider is gone for a while. */
export const outage: Proof = {
  id: 'outage',
  what: 'a provider that is out for a minute: it is left alone meanwhile, and all is spoken afterwards',
  async run(prove) {
    const [jobs, seconds] = prove.quick ? [40, 15] : [200, 60]
    return Promise.all(
      Object.entries(outages).map(async ([name, fault]) => {
        const { fake, env } = await startProvider()
        const ground = await prove.database()
        const loqui = await prove.loqui(ground, { env })
        try {
          const stage = await openStage(ground, loqui, fake)
          const what = `${jobs} segments while it is out for ${seconds} s: ${name}`
          return await tryOften(prove, { what, times: 1, of: 'outages' }, () =>
            outlast(stage, { fault, jobs, seconds }),
          )
        } finally {
          await loqui.close()
          await fake.close()
        }
      }),
    )
  },
}

/**
 * @returns what it took in requests.
 * @throws AssertionError for a broken promise.
 */
export async function outlast(
  stage: Stage,
  { fault, jobs, seconds }: { readonly fault: RequestFaultInput; readonly jobs: number; readonly seconds: number },
): Promise<string> {
  const { fake, loqui } = stage
  fake.fail({ on: 'api', fault }, { on: 'output', fault })
  const [said, asked] = [loqui.output.length, fake.requests.length]
  const began = performance.now()
  // Two segments each.
  const ids = await stage.create(jobs / 2)
  await sleep(Math.max(0, seconds * 1_000 - (performance.now() - began)))
  const requests = fake.requests.length - asked
  // Each time the breaker is probed, and each time the sweep asks what became of calls.
  const count = (pattern: RegExp) => loqui.output.slice(said).filter((line) => pattern.test(line)).length
  const probes = count(/"breaker":"half_open"/) + count(/a provider does not tell what became of calls/)
  fake.heal()
  await stage.rest(ids, restMs)
  const most = Math.floor(mostForJob * jobs) + requestsOfProbe * probes
  assert.ok(requests <= most, `${requests} requests for ${jobs} jobs and ${probes} probes, ${most} at most`)
  const { succeeded } = await judgeProvider(stage.owner, fake, ids)
  assert.equal(succeeded, ids.length)
  stage.expectPeace()
  return `${requests} requests for ${jobs} jobs, ${probes} probes`
}
