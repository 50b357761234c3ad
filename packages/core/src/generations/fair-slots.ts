/** Runs work when there is a slot for it; whose it is decides the order. */
export type FairSlots = <Result>(user: string, work: () => Promise<Result>) => Promise<Result>

interface Line {
  readonly waiting: (() => void)[]
  running: number
}

/**
 * `size` slots in which users take turns: a free one goes to the user who has the fewest at work, and of several to the one
 * who has waited longest for a turn. So a book of one does not make a sentence of another wait for all of it.
 */
export function createFairSlots(size: number): FairSlots {
  // In the order of turns: whoever gets a slot goes to the end.
  const lines = new Map<string, Line>()
  let free = size

  const next = (): void => {
    while (free > 0) {
      let first: [string, Line] | undefined
      for (const entry of lines) {
        if (entry[1].waiting.length > 0 && (!first || entry[1].running < first[1].running)) first = entry
      }
      if (!first) return
      const [user, line] = first
      lines.delete(user)
      lines.set(user, line)
      line.running++
      free--
      line.waiting.shift()?.()
    }
  }

  return async (user, work) => {
    const line = lines.get(user) ?? { waiting: [], running: 0 }
    lines.set(user, line)
    await new Promise<void>((start) => {
      line.waiting.push(start)
      next()
    })
    try {
      return await work()
    } finally {
      line.running--
      free++
      if (line.running === 0 && line.waiting.length === 0) lines.delete(user)
      next()
    }
  }
}
