import { ReplicateFailure } from './failure.ts'

/** Failures in a row after which it is doubted that anything is answered. */
const tolerated = 3
/** So long nobody asks what somebody else has just found out: less than an engine that does not work is left alone. In milliseconds. */
const holdsMs = 2_000

/**
 * What is known of whether Replicate answers at all. Each creation whose answer is lost is looked for; in an outage those
 * looks would be lost as well, and double what Replicate is asked while it can bear it least. So one looks for all of them.
 */
export interface Reach {
  /** Makes a creation, and heeds how it fared. */
  create<T>(ask: () => Promise<T>): Promise<T>
  /**
   * @throws {ReplicateFailure} also when somebody else has just looked in vain: what the look was for stays open; the
   * signal's reason.
   */
  look<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T>
}

export function createReach(now = () => performance.now()): Reach {
  let failed = 0
  let vain: { readonly failure: ReplicateFailure; readonly at: number } | undefined
  let looking: Promise<unknown> | undefined

  async function heed<T>(ask: () => Promise<T>): Promise<T> {
    try {
      const result = await ask()
      failed = 0
      vain = undefined
      return result
    } catch (error) {
      // What is aborted, or fails here, says nothing of Replicate.
      if (error instanceof ReplicateFailure) failed = error.isPassing && error.status !== 429 ? failed + 1 : 0
      throw error
    }
  }

  return {
    create: heed,
    async look(signal, ask) {
      while (failed >= tolerated && looking) await settled(looking, signal)
      if (failed >= tolerated && vain && now() - vain.at < holdsMs) throw vain.failure
      const look = heed(ask)
      looking = look
      try {
        return await look
      } catch (error) {
        if (error instanceof ReplicateFailure) vain = { failure: error, at: now() }
        throw error
      } finally {
        if (looking === look) looking = undefined
      }
    },
  }
}

/** @throws the signal's reason. */
async function settled(looking: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise: aborted, resolve } = Promise.withResolvers<void>()
  const stop = () => resolve()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([looking.catch(() => undefined), aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
  signal.throwIfAborted()
}
