import { LRUCache } from 'lru-cache'
import type { Allowance, Taken } from './allowance.ts'

/** Allowances that one process keeps by itself. */
export interface LocalRates {
  /** Takes one request from each of them, or from none. */
  take(allowances: readonly Allowance[]): Taken
  /** Takes back one request that was taken. */
  giveBack(allowance: Allowance): void
}

const minuteMs = 60_000
/** What sums of fractions of a minute may be wrong by. */
const tolerance = 1e-6

/**
 * The same algorithm as `rate_take()`: what is kept is when the next request would be on time.
 *
 * @param most keys at a time; beyond that the ones not seen for longest begin anew.
 * @param now in milliseconds, never backwards.
 */
export function createLocalRates(most: number, now: () => number = () => performance.now()): LocalRates {
  const due = new LRUCache<string, number>({ max: most })
  return {
    take(allowances) {
      const at = now()
      const looks = allowances.map(({ key, perMinute }) => {
        const step = minuteMs / perMinute
        const before = Math.max(due.get(key) ?? at, at)
        return { key, step, before, fits: before + step - at <= minuteMs + tolerance }
      })
      const allowed = looks.every(({ fits }) => fits)
      const states = looks.map(({ key, step, before, fits }) => {
        if (!allowed) return fits ? null : { remaining: 0, waitMs: before + step - at - minuteMs }
        due.set(key, before + step)
        const left = minuteMs - (before + step - at)
        const remaining = Math.max(0, Math.floor(left / step + tolerance))
        return { remaining, waitMs: step * (remaining + 1) - left }
      })
      return { allowed, states }
    },
    giveBack({ key, perMinute }) {
      const before = due.get(key)
      if (before !== undefined) due.set(key, before - minuteMs / perMinute)
    },
  }
}
