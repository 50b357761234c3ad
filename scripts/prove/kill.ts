import { setTimeout as sleep } from 'node:timers/promises'
import { type KillPoint, killPoints } from './kill-points.ts'
import { type Lane, openLane } from './lane.ts'
import { describe, type Proof, type Prove, type Tried } from './proof.ts'
import { createRandom, shuffled } from './random.ts'

/** A lane, and how to end it. @throws Error when a process does not end as it should. */
interface OpenLane {
  readonly lane: Lane
  close(): Promise<void>
}

/** SIGKILL at each point where work could be lost or doubled. */
export const kill: Proof = {
  id: 'kill',
  what: 'SIGKILL at each point where work could be lost or doubled; soon after the restart all is whole',
  async run(prove) {
    const times = prove.kills
    const order = shuffled(
      killPoints.flatMap((point) => Array.from({ length: times }, () => point)),
      createRandom(prove.seed),
    )
    const tookMs = new Map<KillPoint, number[]>(killPoints.map((point) => [point, []]))
    const violations = new Map<KillPoint, string[]>(killPoints.map((point) => [point, []]))
    const left = [...order]
    let done = 0
    await Promise.all(
      Array.from({ length: Math.min(prove.lanes, order.length) }, async () => {
        let open: OpenLane | undefined
        for (let point = left.pop(); point; point = left.pop()) {
          try {
            open ??= await openLaneOf(prove)
            tookMs.get(point)?.push(await point.run(open.lane))
          } catch (error) {
            violations.get(point)?.push(describe(error))
            prove.log(`  violation: killed at “${point.name}”: ${describe(error)}`)
            // Whatever it left behind must not be held against the next one.
            await open?.close().catch((cause: unknown) => prove.log(`  ${describe(cause)}`))
            open = undefined
          }
          if (++done % 25 === 0) prove.log(`  ${done} of ${order.length} kills done`)
        }
        await open?.close()
      }),
    )
    return killPoints.map((point): Tried => {
      const took = tookMs.get(point) ?? []
      return {
        what: `killed at “${point.name}”`,
        times,
        of: 'kills',
        violations: violations.get(point) ?? [],
        ...(took.length > 0 && { note: `whole after ${(Math.max(...took) / 1000).toFixed(1)} s at most` }),
      }
    })
  },
}

async function openLaneOf(prove: Prove): Promise<OpenLane> {
  const database = await prove.database()
  const loqui = await prove.loqui(database, { workers: 0 })
  const lane = await openLane(database, loqui, prove)
  return {
    lane,
    async close() {
      await lane[Symbol.asyncDispose]()
      const codes = await Promise.race([loqui.close(), sleep(30_000, ['nothing'], { ref: false })])
      const trouble = loqui.takeTrouble()
      if (codes.some((code) => code !== 0) || trouble.length > 0) {
        throw new Error(`processes told to stop ended with ${codes.join(', ')} and said: ${trouble.join('\n')}`)
      }
    },
  }
}
