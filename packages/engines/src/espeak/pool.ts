import pLimit from 'p-limit'
import { EngineError } from '../engine.ts'
import { type Hello, type Order, type Speaker, type SpeakerCommand, type Spoken, startSpeaker } from './child.ts'

export interface SpeakerPoolOptions extends SpeakerCommand {
  readonly processes: number
  /** The longest that one order may take, and that a program may take to come up, in milliseconds. Waiting for a turn does not count. */
  readonly timeoutMs: number
  readonly startMs: number
  /** After a start that failed, before the next, in milliseconds: at first, and at most. */
  readonly restMs: { readonly first: number; readonly most: number }
}

/** A few programs that speak, started when first needed. */
export interface SpeakerPool {
  /** What the program says of itself, as soon as one has come up. */
  readonly hello: Hello | null
  /** Starts one, where none has come up yet. @throws as `run`. */
  greet(signal: AbortSignal): Promise<Hello>
  /**
   * Speaks when one is free, first come, first served. An abort ends one that speaks, and a new one is started for the next.
   *
   * @throws {EngineError} when none comes up, with when to try again; {SpeakerDied}, {SpeakerRefused}, {SpeakerTimeout}; the
   * signal's reason.
   */
  run(order: Order, signal: AbortSignal): Promise<Spoken>
  close(reason: EngineError): Promise<void>
}

export class SpeakerTimeout extends Error {}

export function createSpeakerPool(options: SpeakerPoolOptions): SpeakerPool {
  const { processes, timeoutMs, startMs, restMs } = options
  const limit = pLimit(processes)
  const closing = new AbortController()
  const idle: Speaker[] = []
  const all = new Set<Speaker>()
  let hello: Hello | null = null
  /** Starts in a row that have failed, and until when none is tried. */
  let failures = 0
  let restUntil = 0

  async function take(signal: AbortSignal): Promise<Speaker> {
    for (let speaker = idle.pop(); speaker; speaker = idle.pop()) if (speaker.alive) return speaker
    for (const speaker of all) if (!speaker.alive) all.delete(speaker)
    const restsMs = Math.ceil(restUntil - performance.now())
    if (failures > 0 && restsMs > 0) throw notThere(restsMs)
    const late = AbortSignal.timeout(startMs)
    try {
      const speaker = await startSpeaker(options, AbortSignal.any([signal, late]))
      all.add(speaker)
      hello = speaker.hello
      failures = 0
      return speaker
    } catch (cause) {
      signal.throwIfAborted()
      const rest = Math.min(restMs.most, restMs.first * 2 ** failures++)
      restUntil = performance.now() + rest
      throw notThere(rest, cause)
    }
  }

  async function withSpeaker<T>(signal: AbortSignal, work: (speaker: Speaker) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const speaker = await take(signal)
    try {
      return await work(speaker)
    } finally {
      if (speaker.alive) idle.push(speaker)
      else all.delete(speaker)
    }
  }

  /** Waits its turn; an abort answers at once, though the turn is given back when it comes. */
  async function inTurn<T>(signal: AbortSignal, work: (speaker: Speaker) => Promise<T>): Promise<T> {
    const either = AbortSignal.any([signal, closing.signal])
    either.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const onAbort = () => reject(either.reason)
    either.addEventListener('abort', onAbort, { once: true })
    limit(() => withSpeaker(either, work)).then(resolve, reject)
    return promise.finally(() => either.removeEventListener('abort', onAbort))
  }

  return {
    get hello() {
      return hello
    },
    async greet(signal) {
      return hello ?? inTurn(signal, async (speaker) => speaker.hello)
    },
    run: (order, signal) =>
      inTurn(signal, async (speaker) => {
        const late = AbortSignal.timeout(timeoutMs)
        try {
          return await speaker.speak(order, AbortSignal.any([signal, closing.signal, late]))
        } catch (error) {
          throw error === late.reason ? new SpeakerTimeout(`It took longer than ${timeoutMs} ms.`) : error
        }
      }),
    async close(reason) {
      closing.abort(reason)
      await Promise.all([...all].map((speaker) => speaker.end()))
    },
  }
}

const notThere = (retryAfterMs: number, cause?: unknown) =>
  new EngineError('eSpeak does not start.', { code: 'unavailable', retryable: true, retryAfterMs, cause })
