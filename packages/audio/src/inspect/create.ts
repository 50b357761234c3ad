import pLimit from 'p-limit'
import { findFfmpeg } from './env.ts'
import type { Inspector } from './inspector.ts'
import { limits } from './limits.ts'
import { inspectInProcess } from './process.ts'

/**
 * Makes an inspector.
 *
 * @param options.processes how many files are inspected at once, at least 1; others wait in line
 * @param options.ffmpeg where the ffmpeg is that decodes AAC, `null` for none; by default what the search path has
 * @param options.wallMs the longest that one inspection may take, in milliseconds
 */
export function createInspector(options: {
  readonly processes: number
  readonly ffmpeg?: string | null
  readonly wallMs?: number
}): Inspector {
  const { processes, ffmpeg = findFfmpeg(), wallMs = limits.wallMs } = options
  if (!Number.isInteger(processes) || processes < 1) {
    throw new RangeError(`processes must be an integer from 1, not ${processes}`)
  }
  const limit = pLimit(processes)
  const closing = new AbortController()
  const running = new Set<Promise<unknown>>()

  return {
    inspect(file, { signal } = {}) {
      const either = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal
      const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Inspector['inspect']>>>()
      // Who waits in line is answered at once; who is inspected, when the process is gone and the file can be closed.
      const leave = () => reject(either.reason)
      if (either.aborted) leave()
      else {
        either.addEventListener('abort', leave, { once: true })
        const turn = limit(async () => {
          either.removeEventListener('abort', leave)
          return await inspectInProcess(file, { ffmpeg, wallMs, signal: either })
        })
        running.add(turn)
        turn.then(resolve, reject).finally(() => running.delete(turn))
      }
      return promise
    },
    async close() {
      closing.abort(new Error('The inspector was closed'))
      await Promise.allSettled(running)
    },
  }
}
