import type { Clock } from './clock.ts'
import { type Problem, throttled } from './problem.ts'

/** Requests that are let through, as Replicate documents it: so many a minute, less as credit runs low. */
export interface Limits {
  /** @throws {Problem} 429 when a request comes too early. */
  take(kind: 'create' | 'other'): void
  /** `low`: 6 creates a minute and no burst. */
  credit: 'plenty' | 'low'
}

interface Bucket {
  readonly perMinute: number
  readonly burst: number
  level: number
  at: number
}

const lowCredit =
  'Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests while you have less than $5.0 in credit.'

export function createLimits(clock: Clock, { createsPerMinute = 600, othersPerMinute = 3000 } = {}): Limits {
  const bucket = (perMinute: number, burst = perMinute): Bucket => ({ perMinute, burst, level: burst, at: clock.now() })
  const plenty = bucket(createsPerMinute)
  const low = bucket(6, 1)
  const others = bucket(othersPerMinute)

  const takeFrom = (from: Bucket, refuse: (seconds: number) => Problem) => {
    const now = clock.now()
    from.level = Math.min(from.burst, from.level + ((now - from.at) / 60_000) * from.perMinute)
    from.at = now
    if (from.level < 1) throw refuse(Math.ceil((1 - from.level) * (60 / from.perMinute)))
    from.level -= 1
  }

  return {
    credit: 'plenty',
    take(kind) {
      if (kind === 'other') {
        takeFrom(others, (seconds) => throttled(`Your rate limit is ${othersPerMinute} requests per minute.`, seconds))
      } else if (this.credit === 'low') takeFrom(low, (seconds) => throttled(lowCredit, seconds))
      else {
        const rate = `Your rate limit for creating predictions is ${createsPerMinute} requests per minute.`
        takeFrom(plenty, (seconds) => throttled(rate, seconds))
      }
    },
  }
}
