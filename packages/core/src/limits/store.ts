import type { Log } from '../context.ts'

/** The table that all processes count in, as long as it can be had. */
export interface RateStore {
  /**
   * Asks the database for something that needs the table.
   *
   * @returns undefined when the table cannot be had; while it cannot, one call a second finds out whether it still is so,
   * and the others do not wait for it.
   * @throws what is wrong with the connection, and so with more than the table.
   */
  ask<T>(question: () => Promise<T>): Promise<T | undefined>
}

const tryAgainMs = 1_000

export function createRateStore(log: Log, now: () => number = () => performance.now()): RateStore {
  let outUntil: number | undefined
  return {
    async ask(question) {
      if (outUntil !== undefined) {
        if (now() < outUntil) return undefined
        outUntil = now() + tryAgainMs
      }
      try {
        const answer = await question()
        if (outUntil !== undefined) log.info({}, 'requests are counted in the database again')
        outUntil = undefined
        return answer
      } catch (error) {
        if (!isRefusalOfPostgres(error)) throw error
        if (outUntil === undefined) log.warn({ error }, 'requests cannot be counted in the database')
        outUntil = now() + tryAgainMs
        return undefined
      }
    },
  }
}

/** Whether the database itself says no, by an SQLSTATE that is not one of connections (08) or of its own end (57). */
function isRefusalOfPostgres(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false
  return /^[0-9A-Z]{5}$/.test(error.code) && !/^(08|57)/.test(error.code)
}
