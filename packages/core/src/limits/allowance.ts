import { Refusal } from '../errors.ts'
import type { Limit, Policy } from './limit.ts'

/** So many requests a minute, all of which may be used at once. */
export interface Allowance {
  readonly policy: Policy
  /** Whose it is, among all allowances. */
  readonly key: string
  readonly perMinute: number
}

/** What became of one request at one or more allowances, of which it takes from all or from none. */
export interface Taken {
  readonly allowed: boolean
  /** In the order of the allowances; of a refusal those that refused only. */
  readonly states: readonly (AllowanceState | null)[]
}

export interface AllowanceState {
  readonly remaining: number
  /** Until one more remains. */
  readonly waitMs: number
}

/** What `rate_take_both()` answers, where the wide allowance is always there. */
export interface TakenRow {
  readonly allowed: boolean
  readonly narrow_remaining: number | null
  readonly narrow_wait_ms: number | null
  readonly wide_remaining: number | null
  readonly wide_wait_ms: number | null
}

/** @param hasNarrow whether there is a narrow allowance at all. */
export function toTaken(row: TakenRow, hasNarrow: boolean): Taken {
  const wide = toState(row.wide_remaining, row.wide_wait_ms)
  return {
    allowed: row.allowed,
    states: hasNarrow ? [toState(row.narrow_remaining, row.narrow_wait_ms), wide] : [wide],
  }
}

const toState = (remaining: number | null, waitMs: number | null) =>
  remaining === null || waitMs === null ? null : { remaining, waitMs }

/**
 * @param tooMany what to say of an allowance that refuses, as a sentence.
 * @returns what is left.
 * @throws {Refusal} `rate_limited`.
 */
export function judge(
  allowances: readonly Allowance[],
  taken: Taken,
  tooMany: (refusing: Allowance) => string,
): Limit[] {
  const limits = toLimits(allowances, taken)
  if (taken.allowed) return limits
  const refusing = allowances.find((_, index) => taken.states[index])
  if (!refusing) throw new Error('a request was refused by no allowance')
  const retryAfterSeconds = Math.max(...limits.map(({ growsInSeconds }) => growsInSeconds))
  throw new Refusal('rate_limited', `${tooMany(refusing)} Try again in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
    limits,
  })
}

export function toLimits(allowances: readonly Allowance[], { states }: Taken): Limit[] {
  return allowances.flatMap(({ policy, perMinute }, index) => {
    const state = states[index]
    if (!state) return []
    const growsInSeconds = Math.max(1, Math.ceil(state.waitMs / 1000))
    return [{ policy, quota: perMinute, windowSeconds: 60, remaining: state.remaining, growsInSeconds }]
  })
}
