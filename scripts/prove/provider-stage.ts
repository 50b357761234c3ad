import assert from 'node:assert/strict'
import { wireId } from '@loqui/core/ids'
import { doomed } from '@loqui/core/testing/provider-switches'
import type { EngineId } from '@loqui/engines/engine'
import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import { client } from '@loqui/server/testing-client'
import type { LoquiProcesses } from '@loqui/server/testing-loqui'
import { sql } from 'kysely'
import { type Ground, rowId } from './lane.ts'
import { until } from './until.ts'

/** A Loqui that speaks with a fake of what is somewhere else, Replicate as a rule, which can be made to fail. */
export interface Stage<Fake = FakeReplicate> extends Omit<Ground, 'connectionString'> {
  readonly fake: Fake
  readonly loqui: Omit<LoquiProcesses, 'close'>
  /**
   * Creates generations of two segments, each with words of its own, some of them doomed, on the servers that run in
   * turn. What a killed server did not answer is sent again, with its key.
   *
   * @returns the ids of their rows.
   */
  create(count: number): Promise<string[]>
  /** Cancels one of them for whom it belongs to, if a server hears of it. */
  cancel(id: string): Promise<void>
  /** Those that have not ended. */
  open(ids: readonly string[]): Promise<string[]>
  /** Waits until generations have ended and nothing is left open at the provider. */
  rest(ids: readonly string[], withinMs: number): Promise<void>
  /** @throws AssertionError for whatever processes complain of, but that what had to fail has failed. */
  expectPeace(): void
}

/** Starts a fake as Replicate would have it, but for its limits. Give its environment to a Loqui, and that to `openStage`. */
export async function startProvider(): Promise<{ readonly fake: FakeReplicate; readonly env: NodeJS.ProcessEnv }> {
  const fake = await startFakeReplicate({
    createsPerMinute: 1_000_000,
    othersPerMinute: 1_000_000,
    pace: { startMs: 50, runMs: 150 },
  })
  return { fake, env: { REPLICATE_API_TOKEN: fake.token, REPLICATE_BASE_URL: fake.baseUrl, WORKER_CONCURRENCY: '64' } }
}

let created = 0

/** @param loqui with a server, started with the fake's environment. */
export async function openStage<Fake = FakeReplicate>(
  { db, owner }: Pick<Ground, 'db' | 'owner'>,
  loqui: Omit<LoquiProcesses, 'close'>,
  fake: Fake,
  engine: EngineId = 'chatterbox',
): Promise<Stage<Fake>> {
  const users = [await loqui.user(), await loqui.user(), await loqui.user(), await loqui.user()]
  const voices = async () => (await client(loqui.url, users[0]).voices.list.query({ engine })).items
  await until('its voices are known', async () => (await voices()).length > 0)
  const voiceId = String((await voices())[0]?.id)
  const keys = new Map<string, string>()

  const createOne = async (number: number): Promise<string> => {
    const user = users[number % users.length]
    if (!user) throw new Error('there are users')
    const word = number % 10 === 0 ? doomed : 'Hopeful'
    const text = `${word} is number ${number}, where all of it begins.\n\nAnd here number ${number} comes to its end.`
    for (;;) {
      // A server that is killed has no successor for a moment.
      const [server] = loqui.servers.slice(number % Math.max(1, loqui.servers.length))
      const url = server?.url
      if (url === undefined) {
        await until('a server runs', async () => loqui.servers.length > 0)
        continue
      }
      try {
        const headers = { authorization: `Bearer ${user.key}`, 'idempotency-key': `number ${number}` }
        const { id } = await client(url, headers).generations.create.mutate({ text, voiceId, format: 'pcm' })
        keys.set(rowId(id), user.key)
        return rowId(id)
      } catch (error) {
        // One that was refused, with a reason, was answered.
        if (!(error instanceof Error) || ('data' in error && error.data)) throw error
        await until(
          'the server is another one',
          async () => !loqui.servers.some((one) => one.url === url),
          5_000,
        ).catch(() => undefined)
      }
    }
  }

  const stage: Stage<Fake> = {
    db,
    owner,
    fake,
    loqui,
    async create(count) {
      const ids: string[] = []
      while (ids.length < count) {
        const some = Array.from({ length: Math.min(16, count - ids.length) }, () => ++created)
        ids.push(...(await Promise.all(some.map(createOne))))
      }
      return ids
    },
    async cancel(id) {
      const [server] = loqui.servers
      const key = keys.get(id)
      if (!server || key === undefined) return
      // It may have ended, or the server may be killed.
      await client(server.url, { key })
        .generations.cancel.mutate({ id: wireId('generation', id) })
        .catch(() => undefined)
    },
    async open(ids) {
      const { rows } = await sql<{ id: string }>`
        select id from generation where id = any(${ids}::uuid[]) and finished_at is null
      `.execute(owner)
      return rows.map(({ id }) => id)
    },
    async rest(ids, withinMs) {
      const at = performance.now() + withinMs
      try {
        await until('every generation has ended', async () => (await stage.open(ids)).length === 0, withinMs)
        // The sweep ends what nobody waits for any more.
        const closed = async () => {
          const { rows } = await sql`select from provider_call where outcome is null`.execute(owner)
          return rows.length === 0
        }
        await until('no call is open', closed, Math.max(75_000, at - performance.now()))
      } catch (cause) {
        const { rows } = await sql`
          select g.id, g.state, g.attempts, g.degraded_at, now() - g.heartbeat_at as silent, g.segments_done,
            (select jsonb_agg(jsonb_build_object('segment', c.segment_index, 'provider', c.provider_id, 'outcome', c.outcome,
              'age', now() - c.announced_at)) from provider_call c where c.generation_id = g.id) as calls
          from generation g where g.id = any(${ids}::uuid[]) and (g.finished_at is null or exists (
            select from provider_call c where c.generation_id = g.id and c.outcome is null)) limit 3
        `.execute(owner)
        throw new Error(`not at rest: ${JSON.stringify(rows)}`, { cause })
      }
    },
    expectPeace() {
      const trouble = loqui.takeTrouble().filter((message) => !message.includes('"an attempt failed"'))
      assert.deepEqual(trouble.slice(0, 3), [], `what processes complained of, ${trouble.length} times`)
    },
  }
  return stage
}
