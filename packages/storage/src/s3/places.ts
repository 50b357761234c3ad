/** Takes a place when one is free, in the order of asking. What it answers gives it back. @throws the signal's reason */
export type TakePlace = (signal: AbortSignal) => Promise<() => void>

export function createPlaces(count: number): TakePlace {
  let free = count
  const waiting = new Set<() => void>()
  const release = () => {
    const [next] = waiting
    if (next === undefined) free++
    else {
      waiting.delete(next)
      next()
    }
  }
  return async (signal) => {
    signal.throwIfAborted()
    if (free > 0) free--
    else {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const giveUp = () => {
        waiting.delete(resolve)
        reject(signal.reason)
      }
      waiting.add(resolve)
      signal.addEventListener('abort', giveUp, { once: true })
      await promise.finally(() => signal.removeEventListener('abort', giveUp))
    }
    return release
  }
}
