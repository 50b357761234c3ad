export interface Repeated {
  /** Aborts what is under way and waits for it. Nothing begins after this. */
  stop(): Promise<void>
}

/** Does work at once and then again and again, `everyMs` milliseconds from beginning to beginning, never twice at a time. */
export function repeat(
  everyMs: number,
  work: (signal: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
): Repeated {
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  const begin = () => {
    running ??= work(stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) onError(error)
      })
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(begin, everyMs)
  begin()
  return {
    async stop() {
      clearInterval(timer)
      stopping.abort(new Error('the process is about to stop'))
      await running
    },
  }
}
