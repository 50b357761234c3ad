import { readEnv } from './env.ts'
import { startFakeReplicate } from './server.ts'

/** The fake as a process: says in one line of JSON, and over IPC where there is any, where it is. */
const fake = await startFakeReplicate(readEnv())
const ready = { baseUrl: fake.baseUrl, port: fake.port, token: fake.token }
process.stdout.write(`${JSON.stringify(ready)}\n`)
process.send?.(ready)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit())
process.on('disconnect', () => process.exit())
