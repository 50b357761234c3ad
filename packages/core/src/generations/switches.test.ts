import { guard } from '@loqui/engines/guard'
import { createReplicateEngines } from '@loqui/engines/replicate/engine'
import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import { sql } from 'kysely'
import { afterAll, expect, test, vi } from 'vitest'
import type { Log } from '../context.ts'
import { rowId, testCore } from '../testing/core.ts'
import { judgeProvider } from '../testing/provider-judge.ts'
import { doomed, providerSwitches } from '../testing/provider-switches.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { createFairSlots } from './fair-slots.ts'
import { createRetryBudget } from './retry-budget.ts'
import { runGeneration } from './run.ts'
import { sweepCalls } from './sweep-calls.ts'

/** Nobody waits for a fake as long as for a machine far away. */
const timing = {
  polls: [5, 10, 20],
  looks: [5, 10, 20],
  retries: [5],
  cancel: 500,
  create: 1_000,
  ask: 1_000,
  call: 2_000,
}

const enginesOf = ({ token, baseUrl }: FakeReplicate) =>
  createReplicateEngines({ token, baseUrl, limiter: { take: async () => undefined }, timing })

/** Brings the voices; each switch has a fake of its own. */
const idle = await startFakeReplicate()
const core = await testCore(enginesOf(idle))
afterAll(() => idle.close())
const { db } = core.services
const voiceId = `voi_${await core.voiceId('standard')}`
/** That texts fail which are bound to is no news here. */
const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const signal = new AbortController().signal

/** Of each switch; `npm run prove -- switches` takes 200, and a worker as it runs for people. */
const generations = 20
const mostRounds = 12

test.for(providerSwitches.filter(({ webhooks }) => !webhooks))(
  '$name: all end as they should, each segment is asked for twice at most, and what is paid is in the journal',
  { timeout: 120_000 },
  async ({ name, faults, doom = false, pace = {} }) => {
    const fake = await startFakeReplicate({ createsPerMinute: 100_000, othersPerMinute: 1_000_000, pace })
    const engines = guard(enginesOf(fake), { probeMs: { first: 50, most: 200 } })
    const services = {
      ...core.services,
      log,
      engines: new Map(engines.map((engine) => [engine.id, engine])),
      segmentSlots: createFairSlots(16),
      retries: createRetryBudget(),
    }
    const users = [
      await core.user({ planId: 'pro' }),
      await core.user({ planId: 'pro' }),
      await core.user({ planId: 'pro' }),
    ]
    const create = async (number: number) => {
      const word = number % 5 === 0 ? doomed : 'Hopeful'
      const text = `${word} ${name}, number ${number}, to begin with.\n\nNumber ${number} of ${name}, which ends here.`
      const { as } = users[number % users.length]!
      const input = createGenerationInput.parse({ text, voiceId, format: 'pcm' })
      return rowId((await createGeneration({ ...as, ...services, actor: as.actor }, input)).id)
    }
    const open = async (ids: readonly string[]) =>
      (
        await db.selectFrom('generation').select('id').where('id', 'in', ids).where('finished_at', 'is', null).execute()
      ).map(({ id }) => id)

    try {
      const ids = await Promise.all(Array.from({ length: generations }, (_, number) => create(number)))
      fake.fail(...faults({ times: generations / 2 }))
      let left: readonly string[] = ids
      for (let round = 0; left.length > 0 && round < mostRounds; round++) {
        await Promise.all(left.map((generationId) => runGeneration(services, { generationId }, signal)))
        // Nobody knows of some what became of them, and will after a minute, in which the provider lists them.
        const listed = Math.max(0, ...fake.predictions.map(({ createdAt }) => createdAt)) + (pace.listedAfterMs ?? 0)
        await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(listed), 5_000)
        await sql`update provider_call set announced_at = announced_at - interval '1 minute'
          where outcome is null and generation_id = any(${ids})`.execute(db)
        await sweepCalls(services, signal)
        left = await open(ids)
      }
      expect(left).toEqual([])
      await judgeProvider(db, fake, ids, { doom })
    } finally {
      await Promise.all(engines.map((engine) => engine.close()))
      await fake.close()
    }
  },
)
