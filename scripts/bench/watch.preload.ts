import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import type { Watched } from './watch.ts'

/** Loaded into a process before its main file: answers every message with what it has been through since the last one. */

/** How often it looks, which is also the least that the delay of an event loop is told with. */
const everyMs = 10

// Threads load what their process does.
if (isMainThread) watch()

function watch(): void {
  const delay = monitorEventLoopDelay({ resolution: everyMs })
  delay.enable()
  let rssBytes = 0
  let busyMicros = 0
  let before = process.cpuUsage()
  let threadBefore = process.threadCpuUsage()
  const look = () => {
    rssBytes = Math.max(rssBytes, process.memoryUsage.rss())
    const { user, system } = process.threadCpuUsage(threadBefore)
    busyMicros = Math.max(busyMicros, user + system)
    threadBefore = process.threadCpuUsage()
  }
  setInterval(look, everyMs).unref()

  process.on('message', () => {
    look()
    const { user, system } = process.cpuUsage(before)
    const watched: Watched = {
      rssBytes,
      stalledMs: Math.max(0, delay.max / 1e6 - everyMs),
      busyMs: busyMicros / 1e3,
      cpuMicros: user + system,
    }
    process.send?.(watched)
    before = process.cpuUsage()
    rssBytes = 0
    busyMicros = 0
    delay.reset()
  })
}
