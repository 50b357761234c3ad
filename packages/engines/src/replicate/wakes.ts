/** Who waits for which call, and what wakes them before their time. */
export interface Wakes {
  /** Resolves when the time is over or the call is woken. @throws the signal's reason. */
  sleep(id: string, ms: number, signal: AbortSignal): Promise<void>
  wake(id: string): void
}

export function createWakes(): Wakes {
  const sleepers = new Map<string, Set<() => void>>()
  return {
    async sleep(id, ms, signal) {
      signal.throwIfAborted()
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms)
      const those = sleepers.get(id) ?? new Set()
      sleepers.set(id, those.add(resolve))
      const stop = () => resolve()
      signal.addEventListener('abort', stop, { once: true })
      try {
        await promise
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
        those.delete(resolve)
        if (those.size === 0) sleepers.delete(id)
      }
      signal.throwIfAborted()
    },
    wake(id) {
      for (const resolve of sleepers.get(id) ?? []) resolve()
    },
  }
}
