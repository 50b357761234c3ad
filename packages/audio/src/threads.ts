import { Worker } from 'node:worker_threads'
import type { Step, Taken } from './encoding.ts'

/** What a thread is asked. An encoding is asked one step at a time. */
export interface Request {
  readonly encoding: number
  readonly step: Step | 'drop'
}

/** What a thread answers to a step. */
export interface Reply {
  readonly encoding: number
  readonly taken?: Taken
  readonly error?: unknown
}

/** An encoding that runs in a thread. */
export interface RemoteEncoding {
  /**
   * Takes one step, or several.
   *
   * @param memory of their samples that moves to the thread; other samples are copied.
   * @throws what the codec threw, or an error that says the thread ended
   */
  take(step: Step, memory?: readonly ArrayBuffer[]): Promise<Taken>
  /** Ends the encoding, finished or not. */
  drop(): void
}

/** Threads that encode. Each runs many encodings, step by step in turn, so that a slow reader holds up nobody else. */
export interface Threads {
  /** Puts an encoding on the thread that has the fewest. */
  open(): RemoteEncoding
  /** Ends the threads; steps that wait are rejected. */
  close(): Promise<void>
}

interface Thread {
  readonly encodings: Set<number>
  readonly open: (id: number) => RemoteEncoding
  readonly close: () => Promise<void>
  readonly hasEnded: () => boolean
}

/**
 * Starts threads. One that crashes fails its encodings, and a new one takes its place when the next encoding needs it.
 *
 * @param count how many threads there are, at least 1
 * @param entry the module that a thread runs
 */
export function createThreads(count: number, entry: URL): Threads {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`threads must be an integer from 1, not ${count}`)
  let threads = Array.from({ length: count }, () => startThread(entry))
  let nextId = 0
  let closed = false

  return {
    open() {
      if (closed) throw new Error('The audio threads were closed')
      threads = threads.map((thread) => (thread.hasEnded() ? startThread(entry) : thread))
      const idlest = threads.reduce((least, thread) => (thread.encodings.size < least.encodings.size ? thread : least))
      return idlest.open(nextId++)
    },
    async close() {
      closed = true
      await Promise.all(threads.map((thread) => thread.close()))
    },
  }
}

/** What a step leaves is garbage: less of it waits for its collector than by default, which is 48 MB. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }

function startThread(entry: URL): Thread {
  const worker = new Worker(entry, { resourceLimits })
  const encodings = new Set<number>()
  const waiting = new Map<number, PromiseWithResolvers<Taken>>()
  let cause: unknown
  let end: Error | undefined

  worker.on('message', ({ encoding, taken, error }: Reply) => {
    const step = waiting.get(encoding)
    waiting.delete(encoding)
    if (taken) step?.resolve(taken)
    else step?.reject(error)
  })
  worker.on('error', (error) => {
    cause = error
  })
  worker.on('exit', () => {
    end = new Error('The thread that encoded this audio ended', { cause })
    for (const step of waiting.values()) step.reject(end)
    waiting.clear()
  })

  return {
    encodings,
    open(id) {
      encodings.add(id)
      return {
        async take(step, memory = []) {
          if (end) throw end
          const reply = Promise.withResolvers<Taken>()
          waiting.set(id, reply)
          const request: Request = { encoding: id, step }
          worker.postMessage(request, memory)
          return reply.promise
        },
        drop() {
          encodings.delete(id)
          const request: Request = { encoding: id, step: 'drop' }
          worker.postMessage(request)
        },
      }
    },
    close: async () => {
      await worker.terminate()
    },
    hasEnded: () => end !== undefined,
  }
}
