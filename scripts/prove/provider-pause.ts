import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { judgeProvider } from '@loqui/core/testing/provider-judge'
import { sql } from 'kysely'
import { type Proof, tryOften } from './proof.ts'
import { openStage, type Stage, startProvider } from './provider-stage.ts'
import { until } from './until.ts'

/** A worker stands still in the middle of its polls, and goes on when another one has finished what it had in hand. */
export const pause: Proof = {
  id: 'pause',
  what: 'SIGSTOP of a worker that polls; another one finishes; after SIGCONT the first changes nothing',
  async run(prove) {
    const times = prove.quick ? 1 : 5
    const { fake, env } = await startProvider()
    const ground = await prove.database()
    const loqui = await prove.loqui(ground, { env, workers: 0 })
    try {
      const stage = await openStage(ground, loqui, fake)
      return [
        await tryOften(prove, { what: 'a worker that slept for 30 s', times, of: 'pauses' }, () =>
          sleepThrough(stage, 30_000),
        ),
      ]
    } finally {
      await loqui.close()
      await fake.close()
    }
  },
}

/** What one who comes late could change. */
const tables = ['generation', 'segment', 'attempt', 'provider_call', 'quota_entry', 'event'] as const

/**
 * @param leastMs it sleeps, and in any case until the other has finished.
 * @throws AssertionError for a broken promise.
 */
export async function sleepThrough({ loqui, fake, owner, ...stage }: Stage, leastMs: number): Promise<undefined> {
  const usual = fake.pace.runMs
  const before = fake.predictions.length
  const began = performance.now()
  fake.pace.runMs = 3_000
  const first = await loqui.startWorker()
  const ids = await stage.create(4)
  await until('all of it is being polled', async () => {
    const made = fake.predictions.slice(before)
    const isPolled = (id: string) => fake.requests.some(({ method, path }) => method === 'GET' && path.endsWith(id))
    return made.length >= 2 * ids.length && made.every(({ id }) => isPolled(id))
  })
  first.pause()
  const second = await loqui.startWorker()
  await until('the other one has finished', async () => (await stage.open(ids)).length === 0, 90_000)
  await sleep(Math.max(0, leastMs - (performance.now() - began)))
  // Alone again, the first has nothing to hide behind.
  await second.end('SIGTERM')
  const whole = await snapshot()
  first.resume()
  fake.pace.runMs = usual
  const [next] = await stage.create(1)
  await until('the first one works again', async () => (await stage.open([String(next)])).length === 0, 90_000)
  assert.equal(await first.end('SIGTERM'), 0)
  assert.deepEqual(await snapshot(), whole, 'what the first one changed')
  await judgeProvider(owner, fake, await all())
  // Who sleeps so long finds what it had asked the database for too late, and may say so.
  loqui.takeTrouble()
  return undefined

  async function snapshot(): Promise<unknown> {
    const objects: string[] = []
    for (const id of ids) {
      for await (const { key } of loqui.storage.list(`generations/${id}/`)) objects.push(key)
    }
    const rows = await Promise.all(
      tables.map(async (table) => {
        const whose = table === 'generation' ? 'id' : 'generation_id'
        const { rows: found } = await sql`
          select * from ${sql.table(table)} t where ${sql.ref(whose)} = any(${ids}::uuid[]) order by t::text
        `.execute(owner)
        return found
      }),
    )
    return { rows, objects: objects.sort() }
  }

  async function all(): Promise<string[]> {
    return (await owner.selectFrom('generation').select('id').execute()).map(({ id }) => id)
  }
}
