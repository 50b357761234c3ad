import assert from 'node:assert/strict'
import type { Db } from '@loqui/db/client'
import { client } from '@loqui/server/testing-client'
import type { LoquiProcesses, TestProcess, TestUser } from '@loqui/server/testing-loqui'
import { sql } from 'kysely'
import { prepareStandstill, type Standstill } from './standstill.ts'
import { until } from './until.ts'

/** A migrated database of its own, for its processes and for its owner. */
export interface Ground {
  readonly connectionString: string
  readonly db: Db
  readonly owner: Db
}

/** Where one kill after the other is tried: a Loqui whose transactions can be made to stand still. */
export interface Lane extends Ground, AsyncDisposable {
  readonly loqui: Omit<LoquiProcesses, 'close'>
  readonly standstill: Standstill
  readonly users: readonly TestUser[]
  readonly voiceId: string
  /** What a kill must have converged in, from the moment that what was killed is up again. */
  readonly convergenceMs: number
  /** The worker that runs, started if none does. */
  worker(env?: NodeJS.ProcessEnv): Promise<TestProcess>
  /** Waits until a killed worker has no statement left at the database. What it had sent, it does all the same. */
  workerSilent(): Promise<void>
}

/** What a lane's worker calls itself at the database. */
const workerName = 'loqui prove worker'

/** @param loqui with a server; workers are started when they are needed. */
export async function openLane(
  ground: Ground,
  loqui: Omit<LoquiProcesses, 'close'>,
  { convergenceMs }: Pick<Lane, 'convergenceMs'>,
): Promise<Lane> {
  const standstill = await prepareStandstill(ground.owner, ground.connectionString)
  const users = [await loqui.user(), await loqui.user()]
  const { items: voices } = await client(loqui.url, users[0]).voices.list.query()
  return {
    ...ground,
    loqui,
    standstill,
    users,
    voiceId: String(voices[0]?.id),
    convergenceMs,
    async worker(env) {
      const url = new URL(ground.connectionString)
      url.searchParams.set('application_name', workerName)
      return loqui.workers[0] ?? loqui.startWorker({ DATABASE_URL: url.href, ...env })
    },
    workerSilent: () =>
      until('the killed worker has no statement left', async () => {
        const { rows } = await sql`
          select from pg_stat_activity where datname = current_database() and application_name = ${workerName}
        `.execute(ground.owner)
        return rows.length === 0
      }),
    [Symbol.asyncDispose]: () => standstill[Symbol.asyncDispose](),
  }
}

/** A create that was sent, and can be sent again. */
export interface Sent {
  readonly user: TestUser
  readonly idempotencyKey: string
  readonly text: string
  /** Whether what was spoken before may answer. What is proved is mostly what happens when it is spoken. */
  readonly cache: boolean
}

let sent = 0

/** Creates that differ, one of every user, not sent yet. */
export const newCreates = (lane: Lane, text: string, cache = false): Sent[] =>
  lane.users.map((user) => ({ user, idempotencyKey: `create ${++sent}`, text, cache }))

/** Sends a create; answers the generation as it is answered. Rejects when the connection ends without an answer. */
export function send(lane: Lane, { user, idempotencyKey, text, cache }: Sent) {
  const api = client(lane.loqui.url, { authorization: `Bearer ${user.key}`, 'idempotency-key': idempotencyKey })
  return api.generations.create.mutate({ text, voiceId: lane.voiceId, format: 'wav', cache })
}

/** The id of a row by that on the wire. */
export const rowId = (wireId: string) => wireId.slice(wireId.indexOf('_') + 1)

/** Creates one generation of each of the first users; the ids of their rows. */
export const create = (lane: Lane, text: string, users = lane.users.length, cache = false): Promise<string[]> =>
  Promise.all(
    newCreates(lane, text, cache)
      .slice(0, users)
      .map(async (one) => rowId((await send(lane, one)).id)),
  )

export const segmentsOf = (lane: Lane, ids: readonly string[]) =>
  lane.owner.selectFrom('segment').selectAll().where('generation_id', 'in', ids).orderBy('index').execute()

type Segments = Awaited<ReturnType<typeof segmentsOf>>

const generationsOf = (lane: Lane, ids: readonly string[]) =>
  lane.owner.selectFrom('generation').selectAll().where('id', 'in', ids).execute()

/**
 * Waits until generations have come to rest: ended, without a job, and without an object that no row names. Where they
 * were canceled, an object may be written after all were removed, and is the sweep's a minute later: that minute is skipped.
 *
 * @returns how long it took, in milliseconds.
 * @throws Error when they have not in time.
 */
export async function atRest(lane: Lane, ids: readonly string[]): Promise<number> {
  const began = performance.now()
  const within = (ms: number) => began + ms - performance.now()
  try {
    const ended = async () => (await generationsOf(lane, ids)).every((row) => row.finished_at !== null)
    await until('every generation has ended', ended, within(lane.convergenceMs))
    const noJob = async () => (await jobsOf(lane, ids)) === 0
    await until('no job is left of a generation that has ended', noJob, within(lane.convergenceMs))
    const isCanceled = (await generationsOf(lane, ids)).some(({ state }) => state === 'canceled')
    if (isCanceled) await endedLongAgo(lane, ids)
    const noOrphan = async () => (await orphans(lane, ids)).length === 0
    await until('every object is named by a row', noOrphan, within(lane.convergenceMs + (isCanceled ? sweepMs : 0)))
  } catch (cause) {
    throw new Error(`not at rest: ${JSON.stringify(await whereTheyStand(lane, ids))}`, { cause })
  }
  return performance.now() - began
}

/** How often workers sweep, and a little more. */
const sweepMs = 12_000

/** Makes generations look as if they had ended two minutes ago, after which no attempt writes any more. */
export async function endedLongAgo(lane: Lane, ids: readonly string[]): Promise<void> {
  await lane.owner.transaction().execute(async (trx) => {
    // What has ended does not change, says a trigger, except under this role, which replays what happened elsewhere.
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql`update generation set finished_at = finished_at - interval '2 minutes' where id = any(${ids})`.execute(
      trx,
    )
  })
}

/** For who wonders why generations have not come to rest. */
async function whereTheyStand(lane: Lane, ids: readonly string[]): Promise<unknown> {
  const { rows } = await sql`
    select g.state, g.attempts, g.segments_done, g.segments_total, now() - g.heartbeat_at as silent, j.state as job,
      j.heartbeat_on - now() as job_heard, now() as now
    from generation g left join pgboss.job j on j.singleton_key = g.id::text where g.id = any(${ids})
  `.execute(lane.owner)
  return { rows, orphans: await orphans(lane, ids), said: lane.loqui.output.slice(-5) }
}

async function jobsOf(lane: Lane, ids: readonly string[]): Promise<number> {
  const { rows } = await sql`
    select from pgboss.job where singleton_key = any(${ids}) and state < 'completed'
  `.execute(lane.owner)
  return rows.length
}

/** Objects of generations that no row names. */
async function orphans(lane: Lane, ids: readonly string[]): Promise<string[]> {
  const generations = await generationsOf(lane, ids)
  const kept = generations.filter(({ state }) => state === 'succeeded').map(({ id }) => id)
  const named = new Set([
    ...generations.map(({ audio_key }) => audio_key),
    ...(kept.length > 0 ? await segmentsOf(lane, kept) : []).map(({ audio_key }) => audio_key),
  ])
  const found: string[] = []
  for (const id of ids) {
    for await (const { key } of lane.loqui.storage.list(`generations/${id}/`)) if (!named.has(key)) found.push(key)
  }
  return found
}

/**
 * Holds generations that have come to rest to the promises.
 *
 * @param before their segments when the kill had happened.
 * @throws AssertionError
 */
export async function judge(
  lane: Lane,
  ids: readonly string[],
  state: 'succeeded' | 'canceled',
  before: Segments,
): Promise<void> {
  const { rows: violations } = await sql`select * from report.violations()`.execute(lane.owner)
  assert.deepEqual(violations, [], 'report.violations()')
  assert.deepEqual(lane.loqui.takeTrouble(), [], 'what processes complained of')
  for (const generation of await generationsOf(lane, ids)) {
    assert.equal(generation.state, state)
    const { rows: entries } = await sql<{ kind: string; ms: number }>`
      select kind, ms from quota_entry where generation_id = ${generation.id} order by created_at
    `.execute(lane.owner)
    assert.deepEqual(entries, [
      { kind: 'reserve', ms: generation.reserved_ms },
      state === 'succeeded'
        ? { kind: 'settle', ms: generation.duration_ms }
        : { kind: 'release', ms: generation.reserved_ms },
    ])
    const { rows: events } = await sql<{ type: string }>`
      select type from event where generation_id = ${generation.id} order by seq
    `.execute(lane.owner)
    const types = events.map(({ type }) => type)
    assert.equal(types[0], 'queued')
    assert.equal(types.at(-1), state)
    assert.equal(types.filter((type) => type === 'running').length, generation.started_at === null ? 0 : 1)
    assert.equal(types.filter((type) => type === 'segment').length, generation.segments_done)
  }
  const after = await segmentsOf(lane, ids)
  for (const segment of before) {
    const now = after.find(
      ({ generation_id, index }) => generation_id === segment.generation_id && index === segment.index,
    )
    // What was stored is never made again; what was in flight, or not begun, is made once more.
    if (segment.state === 'stored') assert.deepEqual(now, segment)
    else
      assert.ok(Number(now?.attempts) <= segment.attempts + 1, `segment ${segment.index} made ${now?.attempts} times`)
  }
}
