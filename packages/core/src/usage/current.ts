import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import type { Plan } from '../plans/plan.ts'
import type { QuotaBalance } from '../quota/balance.ts'
import { readUsage } from './queries.ts'

/** The running period: what is granted, and where it went. */
export interface CurrentUsage extends QuotaBalance {
  plan: Plan
  /** What engines' providers asked for in this calendar month (UTC), in millionths of a dollar. */
  costMicros: number
}

/**
 * What the caller has used and has left.
 *
 * @throws {Refusal} `scope_missing`, `forbidden`.
 */
export async function currentUsage({ db, actor }: Caller<'db' | 'actor'>): Promise<CurrentUsage> {
  return readUsage(db, permit(actor, 'usage:read'))
}
