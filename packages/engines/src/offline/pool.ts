import type { Worker } from 'node:worker_threads'
import pLimit from 'p-limit'

/** Threads that each answer one message at a time, started when first needed. */
export interface Pool<Request, Reply> {
  /**
   * Runs a request when a thread is free, first come, first served. An abort takes a waiting request out of the queue
   * and ends the thread of a running one: what a thread computes cannot be interrupted otherwise, and letting it run
   * would keep others waiting for audio that nobody wants. A new thread is there 25 ms later.
   *
   * @throws the signal's reason when aborted, the reason given to `close`, `ThreadTimeout`, or `ThreadDied`.
   */
  run(request: Request, signal: AbortSignal): Promise<Reply>
  /** Ends all threads and rejects all requests with `reason`, also those that come later. */
  close(reason: unknown): Promise<void>
}

export interface PoolOptions {
  readonly threads: number
  /** The longest a thread may take for one request, in milliseconds. Waiting in the queue does not count. */
  readonly timeoutMs: number
  readonly start: () => Promise<Worker>
}

export class ThreadDied extends Error {}
export class ThreadTimeout extends Error {}

export function createPool<Request, Reply>({ threads, timeoutMs, start }: PoolOptions): Pool<Request, Reply> {
  const limit = pLimit(threads)
  const closing = new AbortController()
  const idle: Worker[] = []
  const alive = new Set<Worker>()

  async function take(): Promise<Worker> {
    const free = idle.pop()
    if (free) return free
    const worker = await start()
    alive.add(worker)
    worker.once('exit', () => {
      alive.delete(worker)
      const index = idle.indexOf(worker)
      if (index !== -1) idle.splice(index, 1)
    })
    // A thread that dies while idle is merely gone: without a listener its error would end the process.
    worker.on('error', () => {})
    worker.unref()
    return worker
  }

  async function runNow(request: Request, signal: AbortSignal): Promise<Reply> {
    signal.throwIfAborted()
    const worker = await take()
    const late = AbortSignal.timeout(timeoutMs)
    try {
      const reply = await ask<Request, Reply>(worker, request, AbortSignal.any([signal, late]))
      idle.push(worker)
      return reply
    } catch (error) {
      await worker.terminate()
      throw error === late.reason ? new ThreadTimeout(`A thread took longer than ${timeoutMs} ms.`) : error
    }
  }

  return {
    run(request, signal) {
      const either = AbortSignal.any([signal, closing.signal])
      const { promise, resolve, reject } = Promise.withResolvers<Reply>()
      const onAbort = () => reject(either.reason)
      if (either.aborted) onAbort()
      else {
        // Answers at once, though the place in the queue is only given back when its turn comes or the thread has ended.
        either.addEventListener('abort', onAbort, { once: true })
        limit(runNow, request, either)
          .then(resolve, reject)
          .finally(() => either.removeEventListener('abort', onAbort))
      }
      return promise
    },
    async close(reason) {
      closing.abort(reason)
      await Promise.all([...alive].map((worker) => worker.terminate()))
    },
  }
}

function ask<Request, Reply>(worker: Worker, request: Request, signal: AbortSignal): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const onAbort = () => reject(signal.reason)
  const onExit = (code: number) => reject(new ThreadDied(`A thread ended with code ${code}.`))
  const onError = (cause: unknown) => reject(new ThreadDied('A thread failed.', { cause }))
  worker.once('message', resolve).once('error', onError).once('exit', onExit)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  else {
    worker.ref()
    worker.postMessage(request)
  }
  return promise.finally(() => {
    worker.off('message', resolve).off('error', onError).off('exit', onExit)
    signal.removeEventListener('abort', onAbort)
    worker.unref()
  })
}
