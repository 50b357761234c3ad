import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '@loqui/core/generations/generation'
import type { Db } from '@loqui/db/client'
import { client, finished, refusal } from '@loqui/server/testing-client'
import type { LoquiProcesses, TestServer, TestUser } from '@loqui/server/testing-loqui'
import { rowId } from './lane.ts'

/** Where races are run: processes, and their database to look into. */
export interface Course {
  readonly db: Db
  readonly loqui: Pick<LoquiProcesses, 'user' | 'servers'>
  readonly voiceId: string
}

export async function openCourse(db: Db, loqui: Course['loqui']): Promise<Course> {
  const [server] = loqui.servers
  assert.ok(server, 'a server runs')
  const { items } = await client(server.url, await loqui.user()).voices.list.query()
  return { db, loqui, voiceId: String(items[0]?.id) }
}

/** Calls of one user on each of several servers in turn. */
function callers(servers: readonly TestServer[], user: TestUser) {
  const apis = servers.map(({ url }) => client(url, user))
  return (index: number) => {
    const api = apis[index % apis.length]
    assert.ok(api, 'a server runs')
    return api
  }
}

const hundred = {
  id: 'hundred',
  name: 'A hundred seconds',
  secondsPerMonth: 100,
  requestsPerMinute: 60_000,
  concurrency: 100,
  storageBytes: 1_000_000_000,
  maxCharacters: 1000,
}

/** About ten seconds of speech. */
export const tenSeconds =
  'Here is a text of about ten seconds, which is spoken two hundred times at once, or would be if there were ' +
  'room for all of it in the plan that this person has.'

/**
 * Two hundred creates of one user at once, of ten seconds each, on servers in turn, where a hundred seconds are left.
 *
 * @returns those that were accepted, and the user's calls of the first server.
 * @throws AssertionError when one was refused for anything but quota.
 */
export async function raceForQuota({ loqui, voiceId }: Course, servers: readonly TestServer[]) {
  const user = await loqui.user({ planId: 'free' })
  const admin = callers(servers, await loqui.user({ role: 'admin' }))(0)
  await admin.admin.plans.upsert.mutate(hundred)
  await admin.admin.users.update.mutate({ id: user.id, planId: hundred.id })
  const api = callers(servers, user)
  const results = await Promise.allSettled(
    Array.from({ length: 200 }, (_, index) => api(index).generations.create.mutate({ text: tenSeconds, voiceId })),
  )
  const accepted: Generation[] = []
  for (const result of results) {
    if (result.status === 'fulfilled') accepted.push(result.value)
    else {
      const { reason, status, message } = await refusal(Promise.reject(result.reason))
      assert.deepEqual({ reason, status }, { reason: 'quota_exceeded', status: 429 })
      assert.match(message, /^This text needs up to [\d.]+ s of audio, and [\d.]+ s are left in this period\.$/)
    }
  }
  return { api: api(0), accepted }
}

/** As many of a race for quota are accepted as fit, when nothing is settled meanwhile. @throws AssertionError */
export async function raceForQuotaAtRest(course: Course, servers: readonly TestServer[]) {
  const { api, accepted } = await raceForQuota(course, servers)
  const heldMs = accepted[0]?.reservedMs ?? 0
  assert.ok(heldMs > 8_000)
  assert.equal(accepted.length, Math.floor(100_000 / heldMs))
  const { grantedMs, usedMs, reservedMs, remainingMs } = await api.usage.current.query()
  assert.deepEqual(
    { grantedMs, usedMs, reservedMs, remainingMs },
    {
      grantedMs: 100_000,
      usedMs: 0,
      reservedMs: accepted.length * heldMs,
      remainingMs: 100_000 - accepted.length * heldMs,
    },
  )
  return { api, accepted }
}

/** Creates with a key, and answers the bytes that came back. */
export async function createWithKey(
  { url }: TestServer,
  user: TestUser,
  { idempotencyKey, text = 'Say it once.', voiceId }: { idempotencyKey: string; text?: string; voiceId: string },
): Promise<string> {
  const response = await fetch(`${url}/trpc/generations.create`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${user.key}`,
      'idempotency-key': idempotencyKey,
    },
    body: JSON.stringify({ json: { text, voiceId } }),
  })
  return response.text()
}

export const generationsOf = (db: Db, { id }: TestUser) =>
  db.selectFrom('generation').selectAll().where('user_id', '=', rowId(id)).execute()

/** Fifty creates with one key at once: one generation, and the same bytes for all, later also. @throws AssertionError */
export async function raceForKey({ db, loqui, voiceId }: Course): Promise<void> {
  const user = await loqui.user()
  const create = (index: number) => {
    const server = loqui.servers[index % loqui.servers.length]
    assert.ok(server)
    return createWithKey(server, user, { idempotencyKey: 'only', voiceId })
  }
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => create(index)))
  assert.equal(new Set(answers).size, 1, `different answers: ${[...new Set(answers)].join(' and ')}`)
  assert.equal(JSON.parse(String(answers[0])).result.data.json.state, 'queued')
  assert.equal((await generationsOf(db, user)).length, 1)
  assert.equal(await create(0), answers[0])
}

/** Twenty refunds of one generation at once: one is made, the others are refused. Needs a worker. @throws AssertionError */
export async function raceForRefund({ db, loqui, voiceId }: Course): Promise<void> {
  const user = await loqui.user()
  const api = callers(loqui.servers, user)(0)
  const admin = callers(loqui.servers, await loqui.user({ role: 'admin' }))
  const { id } = await api.generations.create.mutate({ text: 'It was not what was asked for.', voiceId })
  const { chargedMs } = await finished(api, id)
  const { usedMs } = await api.usage.current.query()
  assert.equal(usedMs, chargedMs)
  const refunds = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      admin(index).admin.quota.refund.mutate({ generationId: id, note: `refund ${index}` }),
    ),
  )
  assert.equal(refunds.filter(({ status }) => status === 'fulfilled').length, 1, 'refunds made')
  for (const refund of refunds) {
    if (refund.status === 'fulfilled') continue
    const { reason, status } = await refusal(Promise.reject(refund.reason))
    assert.deepEqual({ reason, status }, { reason: 'refund_not_possible', status: 409 })
  }
  const entries = await db
    .selectFrom('quota_entry')
    .select(['kind', 'ms'])
    .where('generation_id', '=', rowId(id))
    .where('kind', '=', 'refund')
    .execute()
  assert.deepEqual(entries, [{ kind: 'refund', ms: chargedMs }])
  assert.equal((await api.usage.current.query()).usedMs, 0)
}

/**
 * Cancels generations at random moments around their end: each is either canceled and free, or has succeeded and is
 * charged what it is long, as its cancel was told. Needs a worker.
 *
 * @param random from 0 to 1, exclusive.
 * @returns how many ended which way.
 * @throws AssertionError
 */
export async function raceCancelAgainstEnd(
  { db, loqui, voiceId }: Course,
  count: number,
  random: () => number,
): Promise<{ canceled: number; succeeded: number }> {
  const user = await loqui.user()
  const api = callers(loqui.servers, user)
  const text = 'Stop me if you can.'
  const create = () => api(0).generations.create.mutate({ text, voiceId })
  const tally = { canceled: 0, succeeded: 0 }
  // Aimed at how long they take, which is found out on the way.
  const began = performance.now()
  await finished(api(0), (await create()).id)
  let aimMs = performance.now() - began
  for (let left = count; left > 0; left -= 8) {
    await Promise.all(
      Array.from({ length: Math.min(8, left) }, async (_, index) => {
        const { id } = await create()
        await sleep((0.5 + random()) * aimMs)
        const told = await api(index).generations.cancel.mutate({ id })
        const row = (await generationsOf(db, user)).find((generation) => generation.id === rowId(id))
        assert.ok(row)
        const { state, charged_ms, duration_ms } = row
        assert.ok(state === 'canceled' || state === 'succeeded', `${id} is ${state} after its cancel was answered`)
        assert.equal(told.state, state)
        assert.equal(charged_ms, state === 'succeeded' ? duration_ms : 0)
        const entries = await db
          .selectFrom('quota_entry')
          .select('kind')
          .where('generation_id', '=', rowId(id))
          .orderBy('created_at')
          .execute()
        assert.deepEqual(
          entries.map(({ kind }) => kind),
          ['reserve', state === 'succeeded' ? 'settle' : 'release'],
        )
        tally[state]++
        aimMs *= state === 'canceled' ? 1.05 : 1 / 1.05
      }),
    )
  }
  return tally
}

/** How a guest's first generation came to its start. */
export interface Start {
  /** From its create to its start, in milliseconds. */
  readonly waitedMs: number
  /** Generations of others that were started meanwhile. */
  readonly letPass: number
}

/**
 * Noisy users queue generations; another one's first must start all the same. Needs a worker.
 *
 * @param noise how many generations each noisy user queues.
 * @param guests how many others come, one after the other, while the noise is on.
 * @throws AssertionError when the noise was over before the last of them came.
 */
export async function startBesideNoise(
  { db, loqui, voiceId }: Course,
  noise: readonly number[],
  guests: number,
): Promise<Start[]> {
  const noisy = await Promise.all(noise.map(() => loqui.user()))
  await Promise.all(
    noisy.map(async (user, which) => {
      const api = callers(loqui.servers, user)
      let left = noise[which] ?? 0
      // As many at once as a busy client has connections.
      const keepCreating = async () => {
        while (left-- > 0) await api(left).generations.create.mutate({ text: tenSeconds, voiceId })
      }
      await Promise.all(Array.from({ length: 16 }, keepCreating))
    }),
  )
  const starts: Start[] = []
  for (let guest = 0; guest < guests; guest++) {
    const user = await loqui.user()
    const api = callers(loqui.servers, user)(guest)
    const { id } = await api.generations.create.mutate({ text: tenSeconds, voiceId })
    let started = await api.generations.get.query({ id })
    while (started.startedAt === null) {
      await sleep(20)
      started = await api.generations.get.query({ id })
    }
    const [createdAt, startedAt] = [new Date(started.createdAt), new Date(started.startedAt)]
    const others = await db
      .selectFrom('generation')
      .select(['state', 'started_at'])
      .where('user_id', '<>', rowId(user.id))
      .execute()
    assert.ok(
      others.some(({ state }) => state === 'queued'),
      'the noise is still on',
    )
    const meanwhile = others.filter(
      ({ started_at }) => started_at !== null && started_at > createdAt && started_at < startedAt,
    )
    starts.push({ waitedMs: startedAt.getTime() - createdAt.getTime(), letPass: meanwhile.length })
  }
  return starts
}
