import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Reason, Refusal } from '../errors.ts'
import { type Allowance, judge, toLimits } from './allowance.ts'
import type { Limit } from './limit.ts'
import { createLocalRates } from './local.ts'

/**
 * Limits what an address may do before it is known who calls. Kept per process and in memory, so that junk costs no
 * query. Only calls in nobody's name and credentials that do not hold count.
 */
export interface Strangers {
  /**
   * Counts a call that needs no credentials.
   *
   * @returns what is left.
   * @throws {Refusal} `rate_limited`.
   */
  count(address: string): Limit[]
  /**
   * Looks credentials up, unless their address has brought too many that did not hold. Credentials that have held before
   * in this process are looked up in any case: whoever shares an address with an attacker goes on working.
   *
   * @throws {Refusal} `rate_limited`, without looking; whatever `look` throws.
   */
  lookUp<T>(visit: Visit, look: () => Promise<T>): Promise<T>
}

export interface Visit {
  readonly address: string
  readonly credential: string | undefined
  /** Told what is left to an address whose credentials do not hold. */
  showLimits(limits: readonly Limit[]): void
}

const perMinute = 600
/** Addresses, and credentials, that are remembered: some 200 bytes each. */
const most = 20_000

/** What is said of credentials that do not hold. */
const failures: ReadonlySet<Reason> = new Set([
  'unauthenticated',
  'session_expired',
  'api_key_malformed',
  'api_key_invalid',
  'api_key_expired',
  'api_key_revoked',
  'token_invalid',
  'token_expired',
  'account_disabled',
])

/** @param now in milliseconds, never backwards. */
export function createStrangers(now?: () => number): Strangers {
  const rates = createLocalRates(most, now)
  // By their hashes: a dump of the memory should hold no more credentials than it must.
  const held = new LRUCache<string, true>({ max: most })
  const allowanceOf = (address: string): Allowance => ({ policy: 'address-requests', key: address, perMinute })
  const count = (address: string) => {
    const allowances = [allowanceOf(address)]
    return judge(allowances, rates.take(allowances), tooMany)
  }
  return {
    count,
    async lookUp({ address, credential, showLimits }, look) {
      const id = credential === undefined ? undefined : hash('sha256', credential, 'base64')
      const known = id !== undefined && held.get(id) === true
      // Before the look and not after it: else any number could be under way before the first one fails.
      const counted = known ? undefined : count(address)
      const onHeld = () => {
        if (id !== undefined && !known) held.set(id, true)
        if (counted) rates.giveBack(allowanceOf(address))
      }
      try {
        const found = await look()
        onHeld()
        return found
      } catch (error) {
        if (error instanceof Refusal && failures.has(error.reason)) {
          if (id !== undefined) held.delete(id)
          const allowances = [allowanceOf(address)]
          // What held until now was let in without counting.
          showLimits(counted ?? toLimits(allowances, rates.take(allowances)))
        } else if (error instanceof Refusal) {
          // Of somebody who is known, such as for too many requests.
          onHeld()
        } else if (counted) {
          // Nobody's fault.
          rates.giveBack(allowanceOf(address))
        }
        throw error
      }
    },
  }
}

const tooMany = () => `${perMinute} calls a minute may come from one address without credentials that hold.`
