/**
 * Runs work when there is a slot for it; whose it is, and which engine does it, decide the order. Work that needs its slot no
 * longer may leave it before it ends.
 */
export type FairSlots = <Result>(whose: Whose, work: (leave: () => void) => Promise<Result>) => Promise<Result>

export interface Whose {
  readonly user: string
  readonly engine: string
}

interface Line {
  /** By engine: what waits for one that has its share does not keep back what is for another. */
  readonly waiting: Map<string, (() => void)[]>
  running: number
}

interface EngineUse {
  running: number
  waiting: number
}

/** The most of the slots that is kept for engines which have none. */
const keptShare = 1 / 4

/**
 * `size` slots in which users take turns and no engine takes all. A free one goes to the user who has the fewest at work,
 * and of several to the one who has waited longest for a turn: so a book of one does not make a sentence of another wait
 * for all of it. Engines whose work is wanted at the same time have equal shares, as far as they want them; and for
 * each that has no slot one is kept, so that engines which hang do not take the others with them.
 *
 * @param engines that there are, at least one.
 */
export function createFairSlots(size: number, { engines: engineCount = 1 } = {}): FairSlots {
  // In the order of turns: whoever gets a slot goes to the end.
  const lines = new Map<string, Line>()
  const engines = new Map<string, EngineUse>()
  const mostKept = Math.floor(size * keptShare)
  let free = size

  const next = (): void => {
    while (free > 0) {
      const wanted = [...engines.values()].filter(({ running, waiting }) => running + waiting > 0).length
      if (!give(Math.ceil(size / Math.max(1, wanted))) && !give(size)) return
    }
  }

  /** Gives one slot away, to work of an engine that has fewer than `most`. */
  const give = (most: number): boolean => {
    const busy = [...engines.values()].filter(({ running }) => running > 0).length
    const kept = Math.min(mostKept, engineCount - busy)
    const isFull = (engine: string) => {
      const { running } = useOf(engine)
      return running >= most || (running > 0 && free <= kept)
    }
    let first: { user: string; line: Line; engine: string } | undefined
    for (const [user, line] of lines) {
      if (first && line.running >= first.line.running) continue
      const [engine] = [...line.waiting.keys()].filter((engine) => !isFull(engine))
      if (engine !== undefined) first = { user, line, engine }
    }
    if (!first) return false
    const { user, line, engine } = first
    lines.delete(user)
    lines.set(user, line)
    line.running++
    free--
    const use = useOf(engine)
    use.running++
    use.waiting--
    const starts = line.waiting.get(engine) ?? []
    const start = starts.shift()
    // Of several engines of one user, each has its turn, too.
    line.waiting.delete(engine)
    if (starts.length > 0) line.waiting.set(engine, starts)
    start?.()
    return true
  }

  const useOf = (engine: string): EngineUse => {
    const use = engines.get(engine) ?? { running: 0, waiting: 0 }
    engines.set(engine, use)
    return use
  }

  return async ({ user, engine }, work) => {
    const line = lines.get(user) ?? { waiting: new Map(), running: 0 }
    lines.set(user, line)
    const use = useOf(engine)
    await new Promise<void>((start) => {
      const starts = line.waiting.get(engine) ?? []
      line.waiting.set(engine, starts)
      starts.push(start)
      use.waiting++
      next()
    })
    let left = false
    const leave = () => {
      if (left) return
      left = true
      line.running--
      use.running--
      free++
      if (line.running === 0 && line.waiting.size === 0) lines.delete(user)
      next()
    }
    try {
      return await work(leave)
    } finally {
      leave()
    }
  }
}
