import type { Caller } from '../context.ts'
import { type Allowance, judge, type TakenRow, toTaken } from './allowance.ts'
import type { Limit } from './limit.ts'

/** Whose request it is, and how many they may make a minute. */
export interface Requester {
  readonly userId: string
  readonly userPerMinute: number
  /** The key whose allowance it takes from. */
  readonly keyAllowanceId?: string
  /** Null where the key has no limit of its own. */
  readonly keyPerMinute?: number | null
}

/** What each process allows of a limit while they cannot count together. */
const fraction = 4

/**
 * Judges one request of somebody who is known by now.
 *
 * @param row what the database took for it; undefined when it cannot count, and this process does by itself.
 * @returns what is left.
 * @throws {Refusal} `rate_limited`.
 */
export function countRequest({ limits }: Caller<'limits'>, requester: Requester, row: TakenRow | undefined): Limit[] {
  const allowances = allowancesOf(requester)
  if (row) return judge(allowances, toTaken(row, allowances.length > 1), tooMany)
  const reduced = allowances.map((allowance) => ({
    ...allowance,
    perMinute: Math.max(1, Math.floor(allowance.perMinute / fraction)),
  }))
  return judge(reduced, limits.local.take(reduced), tooMany)
}

function allowancesOf({ userId, userPerMinute, keyAllowanceId, keyPerMinute }: Requester): Allowance[] {
  const user: Allowance = { policy: 'requests', key: `user:${userId}`, perMinute: userPerMinute }
  if (keyAllowanceId === undefined || typeof keyPerMinute !== 'number') return [user]
  return [{ policy: 'key-requests', key: `key:${keyAllowanceId}`, perMinute: keyPerMinute }, user]
}

const tooMany = ({ policy, perMinute }: Allowance) =>
  `${policy === 'requests' ? 'This account' : 'This API key'} may make ${perMinute} requests a minute.`
