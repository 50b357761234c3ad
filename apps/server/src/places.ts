import { Refusal } from '@loqui/core/errors'
import type { Policy } from '@loqui/core/limits/limit'

/** So many of something at the same time, for each of those who want it. */
export interface Places {
  readonly most: number
  readonly policy: Policy
  /** @returns what gives the place back, or undefined when all are taken. */
  take(key: string): (() => void) | undefined
}

/** What is full may have room again after this. */
export const retryAfterSeconds = 5

export function createPlaces(policy: Policy, most: number): Places {
  const taken = new Map<string, number>()
  return {
    most,
    policy,
    take(key) {
      const count = taken.get(key) ?? 0
      if (count >= most) return undefined
      taken.set(key, count + 1)
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        const left = (taken.get(key) ?? 1) - 1
        if (left === 0) taken.delete(key)
        else taken.set(key, left)
      }
    },
  }
}

/**
 * Takes a place of each, or none.
 *
 * @returns what gives them back.
 * @throws {Refusal} `concurrency_limited`.
 */
export function takeEach(wanted: readonly (readonly [Places, key: string])[]): () => void {
  const taken: (() => void)[] = []
  const giveBack = () => {
    for (const give of taken) give()
  }
  for (const [places, key] of wanted) {
    const give = places.take(key)
    if (!give) {
      giveBack()
      throw tooMany(places)
    }
    taken.push(give)
  }
  return giveBack
}

export function tooMany({ policy, most }: Pick<Places, 'policy' | 'most'>): Refusal {
  const message = `${sentences[policy] ?? 'There are too many of these'}: ${most} at the same time is the limit.`
  return new Refusal('concurrency_limited', message, {
    retryAfterSeconds,
    limits: [
      {
        ...{ policy, quota: most, unit: 'concurrent-requests' },
        ...{ remaining: 0, growsInSeconds: retryAfterSeconds },
      },
    ],
  })
}

const sentences: Partial<Record<Policy, string>> = {
  'address-connections': 'Too many connections are open from this address',
  sockets: 'This account has too many sockets open',
  streams: 'This account has too many streams open',
  'socket-subscriptions': 'Too much is subscribed to over this socket',
  subscriptions: 'This account has subscribed to too much',
}
