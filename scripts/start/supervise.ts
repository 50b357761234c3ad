import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from '@loqui/db/embedded-error'
import type { Log } from './log.ts'

/** Waits before a new attempt double from the first to the longest, and begin anew after a healthy while. */
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 5_000
const HEALTHY_MS = 10_000
/** How long a process may take to finish what it has in hand. */
const GRACE_MS = 25_000

export interface ServiceOptions {
  /** What it is called in the log. */
  readonly name: string
  /** The absolute path of its main file. */
  readonly entry: string
  readonly env: NodeJS.ProcessEnv
  /** For Node itself; those of this process by default. */
  readonly execArgv?: readonly string[]
  readonly log: Log
  /** Told of every process that is started. */
  readonly onSpawn?: (pid: number) => void
}

export interface Service {
  /** Resolves when it has said that it is ready for the first time; rejects with a StartError if it ends before. */
  readonly ready: Promise<void>
  /** Ends the present process, and starts the next at once. */
  restart(): void
  /** Asks it to finish what it has in hand and end; resolves when it has. */
  stop(): Promise<void>
  /** Ends it without asking. */
  kill(): void
}

/**
 * Runs a process and starts it again whenever it ends. It says `{ ready: true }` over IPC when it is, finishes on SIGTERM,
 * and ends by itself when the channel closes, which happens when we are killed.
 */
export function supervise({ name, entry, env, execArgv = process.execArgv, log, onSpawn }: ServiceOptions): Service {
  const { promise: ready, resolve: onReady, reject: onFailure } = Promise.withResolvers<void>()
  const stopping = new AbortController()
  let child: ChildProcess | undefined
  let wait = FIRST_WAIT_MS
  let restarting = false

  async function runOnce(): Promise<{ how: string; wasReady: boolean; livedMs: number }> {
    const started = Date.now()
    let wasReady = false
    // A session of its own: Ctrl-C in a terminal goes to everyone in ours, and we stop things in order.
    child = fork(entry, { env, execArgv: [...execArgv], detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    if (child.pid !== undefined) onSpawn?.(child.pid)
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => log(line, name))
    }
    child.on('message', (message) => {
      if (Object(message).ready !== true || wasReady) return
      wasReady = true
      log(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s`, name)
      onReady()
    })
    const how = await once(child, 'close').then(
      ([code, signal]) => String(signal ?? `code ${code}`),
      (error: Error) => error.message,
    )
    return { how, wasReady, livedMs: Date.now() - started }
  }

  async function run(): Promise<void> {
    let everReady = false
    for (;;) {
      const { how, wasReady, livedMs } = await runOnce()
      everReady ||= wasReady
      if (stopping.signal.aborted) return
      if (!everReady) {
        onFailure(new StartError(`The ${name} could not start (${how}): what it said is above.`))
        return
      }
      if (livedMs >= HEALTHY_MS || restarting) wait = FIRST_WAIT_MS
      const pause = restarting ? 0 : wait
      restarting = false
      log(`ended (${how}); starting it again${pause ? ` in ${pause / 1000} s` : ''}`, name)
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
    }
  }

  const ended = run()
  return {
    ready,
    restart() {
      restarting = true
      child?.kill('SIGTERM')
    },
    async stop() {
      stopping.abort()
      child?.kill('SIGTERM')
      const timer = setTimeout(() => child?.kill('SIGKILL'), GRACE_MS)
      await ended
      clearTimeout(timer)
    },
    kill() {
      stopping.abort()
      child?.kill('SIGKILL')
    },
  }
}
