import { defineJob, openQueue } from '../queue.ts'

/** A worker process that takes a job and never ends it: to be killed. Arguments: the database and the job's name. */
const [connectionString = '', name = ''] = process.argv.slice(2)
const job = defineJob<{ key: string }>({ name, key: ({ key }) => key })
const queue = await openQueue([job], {
  connectionString,
  supervise: false,
  onError: (error) => process.send?.({ error }),
})
queue.work(
  job,
  { concurrency: 1, groupConcurrency: 1, onError: (error) => process.send?.({ error }) },
  async ({ key }) => {
    process.send?.({ working: key })
    await new Promise(() => undefined)
  },
)
