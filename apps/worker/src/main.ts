import { availableParallelism } from 'node:os'
import { createAssembler } from '@loqui/audio/assembler'
import { createInspector } from '@loqui/audio/inspect/create'
import { createAccess } from '@loqui/core/access/watch'
import { createEventFeed } from '@loqui/core/events/feed'
import { createFairSlots } from '@loqui/core/generations/fair-slots'
import { createLeases } from '@loqui/core/generations/lease'
import { createRetryBudget } from '@loqui/core/generations/retry-budget'
import type { RunContext } from '@loqui/core/generations/run'
import { sweepCalls } from '@loqui/core/generations/sweep-calls'
import { createTransitions } from '@loqui/core/generations/transitions'
import { sweep } from '@loqui/core/housekeeping/sweep'
import { newId } from '@loqui/core/ids'
import { jobs } from '@loqui/core/jobs'
import { createLimits } from '@loqui/core/limits/limits'
import { createProviderLimiter } from '@loqui/core/limits/provider'
import { tellBreakers } from '@loqui/core/monitoring/breakers'
import { planConcurrency } from '@loqui/core/plans/queries'
import { createSessions } from '@loqui/core/sessions/sessions'
import { sweepStorage } from '@loqui/core/storage/sweep'
import { refreshPresetVoices, syncPresetVoices } from '@loqui/core/voices/sync'
import { createDb } from '@loqui/db/client'
import { createHints } from '@loqui/db/hint'
import { openListener } from '@loqui/db/listen'
import { openQueue } from '@loqui/db/queue'
import { createEspeakEngine } from '@loqui/engines/espeak/engine'
import { guard } from '@loqui/engines/guard'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { createOpenaiEngine } from '@loqui/engines/openai/engine'
import { soundAfterMs } from '@loqui/engines/openai/timing'
import { createReplicateEngines } from '@loqui/engines/replicate/engine'
import { mostCreations } from '@loqui/engines/replicate/limit'
import { envOrExit, openedOrExit } from '@loqui/process/env'
import { createLog } from '@loqui/process/log'
import { repeat } from '@loqui/process/repeat'
import { createStorage } from '@loqui/storage/create'
import { readEnv } from './env.ts'
import { handlers } from './handlers.ts'

const env = envOrExit(readEnv)
const log = createLog(env.logLevel)
const onError = (error: unknown) => log.warn({ error }, 'the database or the queue stumbled')

const db = createDb({ connectionString: env.databaseUrl, max: 16, onError })
const offline = createOfflineEngine({ threads: availableParallelism() })
const limiter = createProviderLimiter(db, 'replicate', mostCreations)
const onReplicate = env.replicate ? createReplicateEngines({ ...env.replicate, limiter }) : []
const onState = (engine: string, breaker: string) => log.warn({ engine, breaker }, 'the breaker of an engine has moved')
const espeak = env.espeak ? [createEspeakEngine({ ...env.espeak, processes: availableParallelism() })] : []
const openai = env.openaiTts ? [createOpenaiEngine(env.openaiTts)] : []
// Each list is of one account.
const guarded = [...guard(onReplicate, { onState }), ...guard(openai, { onState, soundAfterMs })]
const engines = [offline, ...espeak, ...guarded]
const hints = createHints(db, onError)
const listener = await openListener(env.databaseUrl, onError)
const events = createEventFeed({ db, listener, log })
const queue = await openQueue(Object.values(jobs), {
  connectionString: env.databaseUrl,
  supervise: true,
  onError,
})
const assembler = createAssembler({ threads: Math.max(1, availableParallelism() - 1) })
const inspector = createInspector({ processes: Math.max(1, availableParallelism() - 1) })
const context: RunContext = {
  db,
  hints,
  listener,
  events,
  queue,
  storage: await openedOrExit(createStorage(env.storageUrl, { onWarning: (message) => log.warn({}, message) })),
  engines: new Map(engines.map((engine) => [engine.id, engine])),
  assembler,
  inspector,
  sessions: createSessions(db),
  access: createAccess({ listener, log }),
  limits: createLimits(log),
  secret: env.secret,
  log,
  segmentSlots: createFairSlots(env.concurrency, { engines: engines.length }),
  retries: createRetryBudget(),
  leases: createLeases({ db, listener, log }),
  transitions: createTransitions(db),
}
await syncPresetVoices(context)

/**
 * Generations in hand. Segments are what is scarce, and there users take turns; a generation in hand mostly waits for one, or
 * for a disk, and is held in memory. Beside those that keep many segments in flight there need not be many.
 */
const generations = Math.min(env.concurrency * 8, env.concurrency * 2 + 100)

const work = queue.work(
  jobs.runGeneration,
  {
    concurrency: generations,
    // One person's long generations leave room for everyone else's.
    groupConcurrency: Math.min(env.concurrency * 2, generations / 2),
    tiers: planConcurrency,
    onError: (error) => log.error({ error }, 'a job failed and will run again'),
  },
  (data, signal) => handlers.runGeneration(context, data, signal),
)
const unlisten = listener.on('work', jobs.runGeneration.name, work.wake)

const onSweepError = (error: unknown) => log.error({ error }, 'a sweep failed; the next one tries again')
/** This worker, where workers say how they see engines. */
const worker = newId()
const sweeps = [
  repeat(
    10_000,
    () =>
      tellBreakers(
        context,
        worker,
        guarded.map(({ id, breaker }) => ({ engine: id, state: breaker })),
      ),
    onSweepError,
  ),
  repeat(10_000, () => sweep(context), onSweepError),
  // At once, for what has just begun to be there; it waits for others' machines.
  repeat(60_000, (signal) => refreshPresetVoices(context, signal), onSweepError),
  // It waits for providers, for which the other must not.
  repeat(15_000, (signal) => sweepCalls(context, signal), onSweepError),
  // It looks when it is due, and then at all there is: beside the other, which must not wait for it.
  repeat(600_000, (signal) => sweepStorage(context, signal), onSweepError),
]

log.info({ concurrency: env.concurrency }, 'the worker is ready')
process.send?.({ ready: true })

/** Generations in hand get this long to end; then they go back to the queue. Whoever supervises must give more. */
const graceMs = 5_000

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  unlisten()
  await Promise.all([work.stop(graceMs), ...sweeps.map((each) => each.stop())])
  await hints.flush()
  events.close()
  await listener.close()
  await queue.close()
  await assembler.close()
  await inspector.close()
  await Promise.all(engines.map((engine) => engine.close()))
  await db.destroy()
  log.info({}, 'the worker has stopped')
  // What a dependency left running must not keep a stopped worker alive.
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
process.on('disconnect', () => void stop())
