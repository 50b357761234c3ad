import type { Proof } from './proof.ts'
import { proveRateLimits, type RateLimitOptions, wholeMatrix } from './rate-limits.ts'

/** A few of the whole, for a few seconds. */
const few: RateLimitOptions = { limits: [10, 100], loads: [1, 10], processes: [1, 2], seconds: 15 }

/** How exactly requests are counted. */
export const rates: Proof = {
  id: 'rates',
  what: 'users held to their limits to the request, however many servers they ask',
  async run({ quick, database, loqui: start, log }) {
    const options = quick ? few : wholeMatrix
    const ground = await database()
    const loqui = await start(ground, { servers: Math.max(...options.processes), workers: 0 })
    try {
      const cells = await proveRateLimits({ db: ground.db, loqui }, options)
      return options.processes.map((processes) => {
        const of = cells.filter((cell) => cell.processes === processes)
        const sum = (key: 'sent' | 'accepted' | 'theory') => of.reduce((total, cell) => total + cell[key], 0)
        const what = `${of.length} users at their limits, on ${processes} ${processes === 1 ? 'server' : 'servers'}`
        log(`  ${what}: ${sum('sent')} requests`)
        return {
          what,
          times: sum('sent'),
          of: 'requests',
          violations: of.flatMap(({ perMinute, load, violations }) =>
            violations.map((violation) => `${perMinute} a minute at ${load} times that: ${violation}`),
          ),
          note: `${sum('accepted')} accepted, ${sum('theory')} in theory`,
        }
      })
    } finally {
      await loqui.close()
    }
  },
}
