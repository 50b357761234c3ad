/**
 * How much an engine may be asked again on the spot, in one process: where it fails, asking again what failed is what keeps
 * it from getting well.
 */
export interface RetryBudget {
  /** To be told of every time that an engine is asked for a segment, the first and each further one. */
  asked(engine: string): void
  /**
   * Takes a further try out of the budget, if there is one left.
   *
   * @param isOut the engine itself does not seem to work, and not only what it was asked: then there is next to no floor.
   */
  take(engine: string, isOut?: boolean): boolean
}

export interface RetryBudgetOptions {
  /** Of all calls of an engine in the window, those that may be further tries. */
  readonly share?: number
  /** In any window there are so many, however few calls there were. */
  readonly least?: number
  readonly leastWhereOut?: number
  readonly windowMs?: number
  /** In milliseconds, that never go back. */
  readonly now?: () => number
}

/** A tenth is what is usual: it mends what fails now and then, and adds next to nothing to what fails for all. */
export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const { share = 0.1, least = 10, leastWhereOut = 2, windowMs = 60_000, now = () => performance.now() } = options
  const engines = new Map<string, { readonly calls: Window; readonly retries: Window }>()
  const of = (engine: string) => {
    const known = engines.get(engine) ?? { calls: createWindow(windowMs, now), retries: createWindow(windowMs, now) }
    engines.set(engine, known)
    return known
  }
  return {
    asked: (engine) => of(engine).calls.add(),
    take(engine, isOut = false) {
      const { calls, retries } = of(engine)
      if (retries.count() >= Math.max(isOut ? leastWhereOut : least, Math.floor(calls.count() * share))) return false
      retries.add()
      return true
    },
  }
}

interface Window {
  add(): void
  count(): number
}

/** Of a window, counted in so many parts: what is counted lies at most one of them longer back. */
const parts = 10

function createWindow(windowMs: number, now: () => number): Window {
  const partMs = windowMs / parts
  const counts: { readonly part: number; count: number }[] = []
  const current = () => {
    const part = Math.floor(now() / partMs)
    while (counts[0] && counts[0].part <= part - parts) counts.shift()
    return part
  }
  return {
    add() {
      const part = current()
      const last = counts.at(-1)
      if (last?.part === part) last.count++
      else counts.push({ part, count: 1 })
    },
    count() {
      current()
      return counts.reduce((sum, { count }) => sum + count, 0)
    },
  }
}
