import { Logger, run } from 'graphile-worker'
import { now } from './now.ts'

/** A graphile-worker whose work is to say that it has begun. */
await run({
  connectionString: process.env.DATABASE_URL ?? '',
  concurrency: 16,
  noHandleSignals: true,
  logger: new Logger(() => () => undefined),
  taskList: {
    probe: async () => {
      process.send?.({ startedAt: now() })
    },
  },
})
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })
