import type { Log } from '../context.ts'
import { createLocalRates, type LocalRates } from './local.ts'
import { createRateStore, type RateStore } from './store.ts'
import { createStrangers, type Strangers } from './strangers.ts'

/** What a process needs to count requests. */
export interface Limits {
  readonly store: RateStore
  /** Of users and keys while the store cannot be had. */
  readonly local: LocalRates
  readonly strangers: Strangers
}

/** Users and keys that are counted in memory at a time. */
const most = 20_000

export const createLimits = (log: Log): Limits => ({
  store: createRateStore(log),
  local: createLocalRates(most),
  strangers: createStrangers(),
})
