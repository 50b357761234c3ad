import { createDb } from '@loqui/db/client'
import { openQueue } from '@loqui/db/queue'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { updateAccount } from '../accounts/update.ts'
import { Refusal } from '../errors.ts'
import { jobs } from '../jobs.ts'
import { testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { currentUsage } from '../usage/current.ts'
import { createGeneration, createGenerationInput } from './create.ts'

const core = await testCore([createToneEngine({ segmentCharacters: 1_000 })])
const { db } = core.services
const low = await core.voiceId('low')

/** As another server has it: connections and queue of its own. */
async function openServer() {
  const errors: unknown[] = []
  const own = createDb({ connectionString: core.connectionString })
  const queue = await openQueue(Object.values(jobs), {
    connectionString: core.connectionString,
    supervise: false,
    onError: (error) => errors.push(error),
  })
  onTestFinished(async () => {
    await queue.close()
    await own.destroy()
    expect(errors).toEqual([])
  })
  return { db: own, queue }
}

/** Ten seconds held, by the tone engine's bound of twice what it expects. */
const tenSeconds = createGenerationInput.parse({
  text: 'a'.repeat(10_000 / (2 * toneMsPerCharacter)),
  voiceId: `voi_${low}`,
})
const hundredSeconds = 100

test.for(['read committed', 'repeatable read', 'serializable'])(
  'of 200 at once from two servers exactly as many are accepted as fit, by a default of %s',
  async (isolation) => {
    const name = sql.id(new URL(core.connectionString).pathname.slice(1))
    await sql`alter database ${name} set default_transaction_isolation = ${sql.lit(isolation)}`.execute(core.owner)
    // What is open keeps the default it began with.
    const servers = [await openServer(), await openServer()]
    const { as } = await core.user({ planId: 'starter' })
    await db.updateTable('plan').set({ seconds_per_month: hundredSeconds }).where('id', '=', 'starter').execute()

    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => createGeneration({ ...as, ...servers[index % 2] }, tenSeconds)),
    )
    const accepted = outcomes.filter(({ status }) => status === 'fulfilled')
    const reasons = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason instanceof Refusal ? outcome.reason.reason : outcome.reason] : [],
    )
    expect(new Set(reasons)).toEqual(new Set(['quota_exceeded']))
    expect(accepted).toHaveLength(10)
    expect(reasons).toHaveLength(190)
    expect(await currentUsage(as)).toMatchObject({ grantedMs: 100_000, usedMs: 0, reservedMs: 100_000, remainingMs: 0 })
  },
)

test('what waits on the queue goes by the plan that its user has, however often it changes meanwhile', async () => {
  const { id, as } = await core.user({ planId: 'unlimited' })
  const admin = await core.user({ role: 'admin' })
  const short = createGenerationInput.parse({ text: 'Hi.', voiceId: `voi_${low}` })
  for (const planId of ['pro', 'unlimited', 'pro', 'unlimited']) {
    const creates = Array.from({ length: 20 }, () => createGeneration(as, short))
    await Promise.all([...creates, updateAccount(admin.as, { id, planId })])
    const { rows } = await sql<{ tier: string }>`
      select distinct group_tier as tier from pgboss.job where group_id = ${id}
    `.execute(db)
    expect(rows).toEqual([{ tier: planId }])
  }
})
