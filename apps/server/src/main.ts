import { createServer } from 'node:http'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { createAssembler } from '@loqui/audio/assembler'
import { createInspector } from '@loqui/audio/inspect/create'
import { createAccess } from '@loqui/core/access/watch'
import type { Services } from '@loqui/core/context'
import { createEventFeed } from '@loqui/core/events/feed'
import { jobs } from '@loqui/core/jobs'
import { createLimits } from '@loqui/core/limits/limits'
import { createProviderLimiter } from '@loqui/core/limits/provider'
import { createSessions } from '@loqui/core/sessions/sessions'
import { refreshPresetVoices, syncPresetVoices } from '@loqui/core/voices/sync'
import { createDb, ping } from '@loqui/db/client'
import { createHints } from '@loqui/db/hint'
import { openListener } from '@loqui/db/listen'
import { openQueue } from '@loqui/db/queue'
import { createEspeakEngine } from '@loqui/engines/espeak/engine'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { createOpenaiEngine } from '@loqui/engines/openai/engine'
import { createReplicateEngines } from '@loqui/engines/replicate/engine'
import { mostCreations } from '@loqui/engines/replicate/limit'
import { webhookPath } from '@loqui/engines/replicate/webhook'
import { envOrExit, openedOrExit } from '@loqui/process/env'
import { createLog } from '@loqui/process/log'
import { repeat } from '@loqui/process/repeat'
import { createStorage } from '@loqui/storage/create'
import { createConnections, fixedLimits } from './connections.ts'
import { readEnv } from './env.ts'
import { createHttp } from './http.ts'
import { longestRequestMs } from './request-time.ts'
import { createWebSocket } from './ws.ts'

const env = envOrExit(readEnv)
const log = createLog(env.logLevel)
const onError = (error: unknown) => log.warn({ error }, 'the database stumbled')

const db = createDb({ connectionString: env.databaseUrl, max: 16, onError })
const offline = createOfflineEngine({ threads: 1 })
const limiter = createProviderLimiter(db, 'replicate', mostCreations)
const onReplicate = env.replicate ? createReplicateEngines({ ...env.replicate, limiter }) : []
const espeak = env.espeak ? [createEspeakEngine({ ...env.espeak, processes: 1 })] : []
const openai = env.openaiTts ? [createOpenaiEngine(env.openaiTts)] : []
const engines = [offline, ...espeak, ...onReplicate, ...openai]
const hints = createHints(db, onError)
const listener = await openListener(env.databaseUrl, onError)
const events = createEventFeed({ db, listener, log })
const queue = await openQueue(Object.values(jobs), {
  connectionString: env.databaseUrl,
  supervise: false,
  onError,
})
const assembler = createAssembler({ threads: Math.max(1, availableParallelism() - 1) })
const inspector = createInspector({ processes: Math.max(1, availableParallelism() - 1) })
const services: Services = {
  db,
  hints,
  listener,
  events,
  queue,
  storage: await openedOrExit(
    createStorage(env.storageUrl, {
      onWarning: (message) => log.warn({}, message),
      draftDirectory: path.join(env.dataDirectory, 'uploads'),
    }),
  ),
  engines: new Map(engines.map((engine) => [engine.id, engine])),
  assembler,
  inspector,
  sessions: createSessions(db),
  access: createAccess({ listener, log }),
  limits: createLimits(log),
  secret: env.secret,
  log,
}
await syncPresetVoices(services)
// Nobody waits for the machines that are asked: what they have is there when they have told it.
const voices = repeat(
  60_000,
  (signal) => refreshPresetVoices(services, signal),
  (error) => log.error({ error }, 'the voices could not be written down; the next time tries again'),
)

let draining = false
const ready = async () => !draining && (await ping(db))

const connections = createConnections({ ...fixedLimits, ...env.connections })
const studioDirectory = path.join(import.meta.dirname, '../../web/dist')
// Its engines have one account, and one secret.
const replicate = onReplicate[0]?.provider
const providers = replicate ? { [webhookPath]: replicate } : {}
const http = createHttp(services, { ...env, connections, studioDirectory, providers, ready, draining: () => draining })
const server = createServer(http)
// Else Node tells clients to go on before anybody has looked at what they want.
server.on('checkContinue', http)
server.requestTimeout = longestRequestMs
server.headersTimeout = 10_000
server.keepAliveTimeout = 65_000
const sockets = createWebSocket(server, services, { ...env, connections })

await new Promise<void>((resolve, reject) => {
  server.once('error', reject)
  server.listen(env.port, env.host, resolve)
})
log.info({ port: env.port, host: env.host, publicUrl: env.publicUrl.origin }, 'the server is ready')
process.send?.({ ready: true })

/** Sockets and running requests get this long; whoever supervises must give more. */
const graceMs = 5_000

async function stop(): Promise<void> {
  if (draining) return
  draining = true
  const closed = new Promise((resolve) => server.close(resolve))
  const refreshed = voices.stop()
  server.closeIdleConnections()
  const force = setTimeout(() => server.closeAllConnections(), graceMs)
  await sockets.close(graceMs)
  await closed
  clearTimeout(force)
  await refreshed
  await hints.flush()
  events.close()
  await listener.close()
  await queue.close()
  await assembler.close()
  await inspector.close()
  await Promise.all(engines.map((engine) => engine.close()))
  await db.destroy()
  log.info({}, 'the server has stopped')
  // What a dependency left running must not keep the port's owner alive.
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
process.on('disconnect', () => void stop())
