/**
 * What the ledger has to answer and to hold, in plain arithmetic: nothing here knows of a database, a lock or a
 * transaction. Times are milliseconds since 1970, amounts milliseconds of audio, costs micro-dollars.
 */
export class PlainLedger {
  planMs: number
  signedUp: number
  /** Of costs; `null` for none. */
  budget: number | null = null
  spent = 0
  readonly periods = new Map<number, PlainPeriod>()
  readonly generations: PlainGeneration[] = []
  /** What was first reserved under an idempotency key, and the answer to it. */
  readonly keys = new Map<string, { readonly ms: number; readonly answer: string }>()

  constructor(planMs: number, signedUp: number) {
    this.planMs = planMs
    this.signedUp = signedUp
  }

  /** The running period, with the grant that the plan and the administrators make it have. */
  open(now: number): PlainPeriod {
    const { start, end } = periodAt(this.signedUp, now)
    const period = this.periods.get(start) ?? newPeriod(start, end)
    this.periods.set(start, period)
    return regrant(period, this.planMs)
  }

  get held(): number {
    return sum(this.generations.map(({ held }) => held))
  }

  /** What is left of the budget; less than nothing when more was spent than was predicted. */
  get affordable(): number {
    return this.budget === null ? Number.POSITIVE_INFINITY : this.budget - this.spent - this.held
  }

  reserve(
    id: string,
    { ms, cost, now }: { readonly ms: number; readonly cost: number; readonly now: number },
  ): 'budget_exceeded' | 'quota_exceeded' | undefined {
    if (cost > 0 && cost > this.affordable) return 'budget_exceeded'
    const period = this.open(now)
    if (ms > left(period)) return 'quota_exceeded'
    period.reserved += ms
    period.entries.reserve++
    this.generations.push({
      id,
      period,
      reserved: ms,
      held: cost,
      state: 'queued',
      charged: null,
      refunded: false,
      attempts: [],
    })
    return undefined
  }

  /** Whether the generation could be claimed; an attempt that still ran is lost with it. */
  claim(generation: PlainGeneration, token: string): boolean {
    if (!isOpen(generation)) return false
    endAttempt(generation, 'lost')
    generation.attempts.push({ token, outcome: 'running', cost: 0 })
    generation.state = 'running'
    return true
  }

  /** Whether this attempt may still end the generation. */
  holds(generation: PlainGeneration, token: string): boolean {
    return generation.state === 'running' && generation.attempts.at(-1)?.token === token
  }

  end(generation: PlainGeneration, state: 'succeeded' | 'failed' | 'canceled', durationMs = 0): void {
    const { period, reserved } = generation
    generation.state = state
    generation.charged = state === 'succeeded' ? Math.min(durationMs, reserved) : 0
    generation.held = 0
    period.reserved -= reserved
    period.used += generation.charged
    period.entries[state === 'succeeded' ? 'settle' : 'release']++
    endAttempt(generation, state)
  }

  /** The worker stops, and the generation waits for another attempt. */
  release(generation: PlainGeneration, token: string): void {
    const attempt = generation.attempts.find((candidate) => candidate.token === token)
    if (attempt?.outcome === 'running') attempt.outcome = 'released'
  }

  /** A provider is paid whatever becomes of what it made. */
  spend(generation: PlainGeneration, attempt: PlainAttempt, cost: number): void {
    attempt.cost += cost
    this.spent += cost
    generation.held -= Math.min(generation.held, cost)
  }

  /** Whether as much was left as would be taken. */
  adjust(ms: number, now: number): boolean {
    const period = this.open(now)
    if (-ms > left(period)) return false
    period.adjusted += ms
    period.entries.adjust++
    regrant(period, this.planMs)
    return true
  }

  /** What was given back, in the period that was charged. */
  refund(generation: PlainGeneration): number | undefined {
    if (generation.refunded || !generation.charged) return undefined
    generation.refunded = true
    generation.period.used -= generation.charged
    generation.period.entries.refund++
    return generation.charged
  }
}

export interface PlainPeriod {
  readonly start: number
  readonly end: number
  granted: number
  /** Of what is granted: by administrators, and not by the plan. */
  adjusted: number
  used: number
  reserved: number
  /** How many there are of each kind, but for grants. */
  readonly entries: Record<'reserve' | 'settle' | 'release' | 'adjust' | 'refund', number>
}

export interface PlainGeneration {
  readonly id: string
  readonly period: PlainPeriod
  readonly reserved: number
  /** Of the budget. */
  held: number
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'
  charged: number | null
  refunded: boolean
  readonly attempts: PlainAttempt[]
}

export interface PlainAttempt {
  readonly token: string
  outcome: 'running' | 'succeeded' | 'failed' | 'canceled' | 'released' | 'lost'
  cost: number
}

export const left = ({ granted, used, reserved }: PlainPeriod): number => granted - used - reserved

export const isOpen = ({ state }: PlainGeneration): boolean => state === 'queued' || state === 'running'

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** The month from the sign-up's day that holds a moment, in UTC, found by counting months. */
export function periodAt(signedUp: number, at: number): { readonly start: number; readonly end: number } {
  let months = 0
  while (monthsAfter(signedUp, months + 1) <= at) months++
  return { start: monthsAfter(signedUp, months), end: monthsAfter(signedUp, months + 1) }
}

/** `months` months later, on the same day of the month or the last day of a shorter month. */
export function monthsAfter(time: number, months: number): number {
  const anchor = new Date(time)
  const result = new Date(time)
  result.setUTCDate(1)
  result.setUTCMonth(anchor.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(result.getUTCFullYear(), result.getUTCMonth() + 1, 0)).getUTCDate()
  result.setUTCDate(Math.min(anchor.getUTCDate(), lastDay))
  return result.getTime()
}

function newPeriod(start: number, end: number): PlainPeriod {
  const entries = { reserve: 0, settle: 0, release: 0, adjust: 0, refund: 0 }
  return { start, end, granted: 0, adjusted: 0, used: 0, reserved: 0, entries }
}

/** A plan that became too small for what is used and reserved grants exactly that. */
function regrant(period: PlainPeriod, planMs: number): PlainPeriod {
  period.granted = Math.max(planMs + period.adjusted, period.used + period.reserved)
  return period
}

function endAttempt({ attempts }: PlainGeneration, outcome: PlainAttempt['outcome']): void {
  const attempt = attempts.at(-1)
  if (attempt?.outcome === 'running') attempt.outcome = outcome
}
