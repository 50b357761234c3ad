import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'

/** What an installation may ask a provider for, whichever of its processes asks. */
export interface ProviderLimiter {
  /** Resolves when it may be asked for one thing more. @throws the signal's reason. */
  take(signal: AbortSignal): Promise<void>
}

/** Waits end in the middle of a crowd that waits for the same: not all look again at once. */
const jitterMs = 100

/**
 * @param perMinute may all be taken at once, and come back evenly meanwhile: in the worst minute it is twice as many.
 */
export function createProviderLimiter(db: Db, provider: string, perMinute: number): ProviderLimiter {
  return {
    async take(signal) {
      for (;;) {
        signal.throwIfAborted()
        const waitMs = await tryTake(db, `provider:${provider}`, perMinute)
        if (waitMs === 0) return
        await sleep(waitMs + jitterMs * Math.random(), undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    },
  }
}

/** @returns how long to wait, in milliseconds, or 0 when it was taken. */
async function tryTake(db: Db, key: string, perMinute: number): Promise<number> {
  try {
    const { rows } = await sql<{ allowed: boolean; wait_ms: number }>`
      select allowed, wait_ms from rate_take(${key}, ${perMinute})
    `.execute(db)
    const [taken] = rows
    return taken?.allowed ? 0 : (taken?.wait_ms ?? jitterMs)
  } catch (error) {
    // Others take from it at this moment.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === '55P03') return jitterMs
    throw error
  }
}
