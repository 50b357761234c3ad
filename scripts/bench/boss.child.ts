import { PgBoss } from 'pg-boss'
import { now } from './now.ts'

/** pg-boss alone: fetches and completes, with nothing done in between. */

export interface Drain {
  /** How many wait on the queue. */
  readonly jobs: number
  readonly batchSize: number
}

const queue = process.env.QUEUE ?? ''

const boss = new PgBoss({
  connectionString: process.env.DATABASE_URL ?? '',
  migrate: false,
  supervise: false,
  schedule: false,
})
await boss.start()
const like = await boss.getQueue(process.env.QUEUE_LIKE ?? '')
if (!like) throw new Error('QUEUE_LIKE names no queue')
await boss.createQueue(queue, like)

async function drain({ jobs, batchSize }: Drain): Promise<{ perSecond: number }> {
  const started = now()
  let completed = 0
  while (completed < jobs) {
    const fetched = await boss.fetch(queue, { batchSize })
    if (fetched.length === 0) throw new Error(`the queue is empty after ${completed} jobs`)
    const ids = fetched.map(({ id }) => id)
    await boss.complete(queue, ids)
    completed += fetched.length
  }
  return { perSecond: (jobs * 1_000) / (now() - started) }
}

process.on('message', async (order: Drain) => process.send?.(await drain(order)))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })
