import { StartError } from '@loqui/db/embedded-error'
import { banner } from './start/banner.ts'
import { loadEnv } from './start/env.ts'
import { consoleLog } from './start/log.ts'
import { run } from './start/run.ts'
import { restartOnChange } from './start/watch.ts'

/** `npm start`, and with `--watch` `npm run dev`: the server and the worker start again when their sources change. */

/** npm passes a Ctrl-C on that the terminal has sent us already: two within this time are one. */
const SAME_KEYPRESS_MS = 500

const log = consoleLog()
const stop = new AbortController()
const force = new AbortController()
let stoppedAt = 0
function onStop(): void {
  if (!stop.signal.aborted) {
    stoppedAt = Date.now()
    log('Stopping; once more to stop at once')
    stop.abort()
  } else if (Date.now() - stoppedAt > SAME_KEYPRESS_MS) {
    force.abort()
  }
}
// Who started us over IPC, as tests do, and is gone, wants us gone too.
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(event, onStop)
process.channel?.unref()

try {
  const env = loadEnv()
  await run({
    env,
    log,
    stop: stop.signal,
    force: force.signal,
    onReady({ url, services, credentials }) {
      process.stdout.write(banner({ url, dataDirectory: env.dataDirectory, credentials }))
      if (process.argv.includes('--watch')) restartOnChange(services, log, stop.signal)
    },
  })
  log('Stopped')
} catch (error) {
  process.exitCode = 1
  if (error instanceof StartError) process.stderr.write(`\nLoqui cannot start. ${error.message}\n`)
  else console.error(error)
}
