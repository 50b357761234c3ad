import { describe, type Proof } from './proof.ts'
import { createRandom } from './random.ts'
import { storm } from './storm.ts'

/** That subscribers see everything once and in order, whatever breaks. */
export const realtime: Proof = {
  id: 'realtime',
  what: 'subscribers that see each event once and in order while connections, servers and PostgreSQL break',
  async run({ quick, seed, log }) {
    const what = 'events seen by subscribers in a storm'
    const options = quick ? { subscribers: 40, users: 8, seconds: 25 } : { subscribers: 200, users: 20, seconds: 300 }
    try {
      const { broken, generations, events, violations } = await storm({ ...options, random: createRandom(seed), log })
      const note =
        `${options.subscribers} subscribers, ${generations} generations; ${broken.cuts} cuts, ` +
        `${broken.servers} restarts of servers, ${broken.databases} of PostgreSQL`
      return [{ what, times: events, of: 'events', violations, note }]
    } catch (error) {
      return [{ what, times: 0, of: 'events', violations: [describe(error)] }]
    }
  },
}
