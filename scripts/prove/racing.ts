import assert from 'node:assert/strict'
import type { LoquiOptions } from '@loqui/server/testing-loqui'
import { sql } from 'kysely'
import { describe, type Proof, type Prove, type Tried, tryOften } from './proof.ts'
import {
  type Course,
  openCourse,
  raceCancelAgainstEnd,
  raceForKey,
  raceForQuotaAtRest,
  raceForRefund,
  startBesideNoise,
} from './races.ts'
import { createRandom } from './random.ts'

/** Who is faster must not matter. */
export const races: Proof = {
  id: 'races',
  what: 'creates, keys, refunds and cancels at the same moment, on two servers',
  async run(prove) {
    const often = (full: number, quick: number) => (prove.quick ? quick : full)
    return [
      await onCourse(prove, { servers: 2, workers: 0 }, (course, judge) =>
        tryOften(prove, { what: '200 creates where 10 fit', times: often(10, 1), of: 'races' }, async () => {
          await raceForQuotaAtRest(course, course.loqui.servers)
          return judge()
        }),
      ),
      await onCourse(prove, { servers: 2, workers: 0, repeatableRead: true }, (course, judge) =>
        tryOften(prove, { what: 'the same under REPEATABLE READ', times: often(10, 1), of: 'races' }, async () => {
          await raceForQuotaAtRest(course, course.loqui.servers)
          return judge()
        }),
      ),
      await onCourse(prove, { servers: 2, workers: 0 }, (course, judge) =>
        tryOften(prove, { what: '50 creates with one key', times: often(100, 5), of: 'races' }, async () => {
          await raceForKey(course)
          return judge()
        }),
      ),
      await onCourse(prove, { servers: 2 }, (course, judge) =>
        tryOften(prove, { what: '20 refunds of one generation', times: often(100, 5), of: 'races' }, async () => {
          await raceForRefund(course)
          return judge()
        }),
      ),
      await onCourse(prove, { servers: 2 }, (course, judge) => {
        const random = createRandom(prove.seed)
        const counts = { canceled: 0, succeeded: 0 }
        const times = often(20, 1)
        return tryOften(prove, { what: '50 cancels against the end', times, of: 'races' }, async (time) => {
          const { canceled, succeeded } = await raceCancelAgainstEnd(course, 50, random)
          counts.canceled += canceled
          counts.succeeded += succeeded
          await judge()
          if (time < times - 1) return undefined
          const note = `${counts.canceled} canceled, ${counts.succeeded} succeeded`
          assert.ok(counts.canceled > 0 && counts.succeeded > 0, `${note}: that was no race`)
          return note
        })
      }),
    ]
  },
}

const startMs = 2_000

/** However much others queue, one's own first starts soon. */
export const neighbours: Proof = {
  id: 'neighbours',
  what: 'one generation beside a thousand of somebody else’s starts within 2 s',
  async run(prove) {
    const tried: Tried[] = []
    for (const noise of [[1_000], [300, 300, 300]]) {
      const guests = prove.quick ? 3 : 25
      const what = `a guest beside ${noise.join(' + ')} queued by others`
      const queue = async (course: Course, judge: Judge) => {
        const waits = (await startBesideNoise(course, noise, guests)).map(({ waitedMs }) => waitedMs)
        await judge()
        const late = waits.filter((ms) => ms >= startMs)
        const violations = late.map((ms) => `started after ${ms} ms`)
        return { what, times: guests, of: 'guests', violations, note: `started after ${Math.max(...waits)} ms at most` }
      }
      const failed = (error: unknown) => ({ what, times: guests, of: 'guests', violations: [describe(error)] })
      tried.push(await onCourse(prove, {}, (course, judge) => queue(course, judge).catch(failed)))
    }
    return tried
  },
}

/** @throws AssertionError for a broken promise, and for whatever processes complain of. */
type Judge = () => Promise<undefined>

async function onCourse<Result>(
  prove: Prove,
  { repeatableRead = false, ...options }: LoquiOptions & { readonly repeatableRead?: boolean },
  run: (course: Course, judge: Judge) => Promise<Result>,
): Promise<Result> {
  const database = await prove.database()
  const { connectionString, db, owner } = database
  const url = new URL(connectionString)
  if (repeatableRead) {
    // As an administrator can ask for it, and as a connection string can, which has the last word.
    await sql`alter database ${sql.id(url.pathname.slice(1))}
      set default_transaction_isolation = 'repeatable read'`.execute(owner)
    url.searchParams.set('options', '-c default_transaction_isolation=repeatable\\ read')
  }
  const loqui = await prove.loqui(database, { ...options, env: { DATABASE_URL: url.href } })
  try {
    return await run(await openCourse(db, loqui), async () => {
      const { rows } = await sql`select * from report.violations()`.execute(db)
      assert.deepEqual(rows, [], 'report.violations()')
      assert.deepEqual(loqui.takeTrouble(), [], 'what processes complained of')
      return undefined
    })
  } finally {
    await loqui.close()
  }
}
