/** Time as the fake tells it: it passes like anybody's, and a test may move it on. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls back once so much time has passed, by itself or because it was moved. @returns what calls it off. */
  after(ms: number, call: () => void): () => void
  /** Moves it on. What falls due on the way is called in order, each at its own time. */
  advance(ms: number): void
  /** Calls off everything. */
  stop(): void
}

interface Due {
  readonly at: number
  readonly call: () => void
  timer?: NodeJS.Timeout
}

export function createClock(): Clock {
  let ahead = 0
  const waiting = new Set<Due>()
  const now = () => Date.now() + ahead

  const remove = (due: Due) => {
    clearTimeout(due.timer)
    waiting.delete(due)
  }
  const fire = (due: Due) => {
    remove(due)
    due.call()
  }
  const arm = (due: Due) => {
    clearTimeout(due.timer)
    due.timer = setTimeout(fire, Math.max(0, due.at - now()), due)
  }
  const next = (until: number) =>
    [...waiting]
      .filter(({ at }) => at <= until)
      .reduce<Due | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined)

  return {
    now,
    after(ms, call) {
      const due: Due = { at: now() + ms, call }
      waiting.add(due)
      arm(due)
      return () => remove(due)
    },
    advance(ms) {
      const until = now() + ms
      for (let due = next(until); due; due = next(until)) {
        ahead += Math.max(0, due.at - now())
        fire(due)
      }
      ahead += Math.max(0, until - now())
      for (const due of waiting) arm(due)
    },
    stop() {
      for (const due of waiting) remove(due)
    },
  }
}
