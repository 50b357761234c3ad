import { PgBoss } from 'pg-boss'
import { now } from './now.ts'

/** pg-boss alone: fetches and completes, with nothing done in between. */

export interface Drain {
  readonly jobs: number
  readonly batchSize: number
}

const queue = 'bench-drain'
const boss = new PgBoss({
  connectionString: process.env.DATABASE_URL ?? '',
  migrate: false,
  supervise: false,
  schedule: false,
})
await boss.start()
await boss.createQueue(queue)

async function drain({ jobs, batchSize }: Drain): Promise<{ perSecond: number }> {
  await boss.insert(
    queue,
    Array.from({ length: jobs }, (_, number) => ({ data: { number } })),
  )
  const started = now()
  let completed = 0
  while (completed < jobs) {
    const fetched = await boss.fetch(queue, { batchSize })
    await boss.complete(
      queue,
      fetched.map(({ id }) => id),
    )
    completed += fetched.length
  }
  return { perSecond: (jobs * 1_000) / (now() - started) }
}

process.on('message', async (order: Drain) => process.send?.(await drain(order)))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })
