import { StorageError } from '@loqui/storage/storage'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { sweep } from '../housekeeping/sweep.ts'
import { jobs } from '../jobs.ts'
import { rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import { getGeneration } from './get.ts'
import { runGeneration } from './run.ts'
import { sweepGenerations } from './sweep.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db } = services
const low = await core.voiceId('low')

beforeEach(async () => {
  engine.reset()
  // What another test left open is not this one's to sweep.
  await sql`select generation_give_up(id, null, 'canceled', null, null) from generation where finished_at is null`.execute(
    db,
  )
  await sql`update generation set purged_at = now() where finished_at is not null`.execute(db)
  await sql`delete from pgboss.job`.execute(db)
})

async function create(user: TestUser): Promise<string> {
  const input = createGenerationInput.parse({ text: 'One sentence.', format: 'pcm', voiceId: `voi_${low}` })
  return rowId((await createGeneration(user.as, input)).id)
}

const run = (id: string) => runGeneration(services, { generationId: id }, new AbortController().signal)

async function queued(): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select singleton_key as id from pgboss.job where state < 'completed' order by id`.execute(db)
  return rows.map(({ id }) => id)
}

const loseJobs = () => sql`delete from pgboss.job`.execute(db)

/** As if nobody had touched a generation for so long. */
const untouchedFor = (id: string, interval: string) =>
  sql`update generation set created_at = created_at - ${interval}::interval, heartbeat_at = heartbeat_at - ${interval}::interval
    where id = ${id}`.execute(db)

describe('a generation that nobody has touched for a while', () => {
  test('gets the job that it lost, and ends', async () => {
    const id = await create(await core.user())
    await loseJobs()
    core.work()
    await untouchedFor(id, '16 seconds')
    expect(await sweepGenerations(services)).toEqual({ requeued: 1, purged: 0 })
    await vi.waitFor(async () => {
      const row = await db.selectFrom('generation').select('state').where('id', '=', id).executeTakeFirstOrThrow()
      expect(row.state).toBe('succeeded')
    }, 10_000)
  })

  test('gets no second job', async () => {
    const id = await create(await core.user())
    await untouchedFor(id, '16 seconds')
    await Promise.all([sweepGenerations(services), sweepGenerations(services), sweepGenerations(services)])
    expect(await queued()).toEqual([id])
  })

  test('gets its job also when a worker held it and died with it', async () => {
    const id = await create(await core.user())
    engine.hold()
    const running = run(id)
    await expect.poll(() => engine.held.length).toBe(1)
    await loseJobs()
    await untouchedFor(id, '16 seconds')
    await sweepGenerations(services)
    expect(await queued()).toEqual([id])
    engine.release()
    await running
  })

  test('is not the only one that is swept, however many there are', async () => {
    const user = await core.user({ planId: 'unlimited' })
    const first = await create(user)
    await sql`
      with source as (select g from generation g where id = ${first})
      select generation_create(jsonb_populate_record(g, jsonb_build_object('id', gen_random_uuid())), ${jobs.runGeneration.name},
        null, null, null, null, null, null)
      from source, generate_series(1, 549)`.execute(db)
    await sql`update generation set created_at = created_at - interval '16 seconds' where user_id = ${user.id}`.execute(
      db,
    )
    await loseJobs()
    await sweepGenerations(services)
    await sweepGenerations(services)
    expect(await queued()).toHaveLength(550)
  })
})

describe('a generation that is in good hands', () => {
  test.for(['waits for a moment', 'is being run'])('because it %s is left alone', async (why) => {
    const id = await create(await core.user())
    if (why === 'is being run') {
      await untouchedFor(id, '1 hour')
      engine.hold()
      const running = run(id)
      await expect.poll(() => engine.held.length).toBe(1)
      await loseJobs()
      expect(await sweepGenerations(services)).toMatchObject({ requeued: 0 })
      engine.release()
      await running
    } else {
      await untouchedFor(id, '10 seconds')
      await loseJobs()
      expect(await sweepGenerations(services)).toMatchObject({ requeued: 0 })
    }
    expect(await queued()).toEqual([])
  })

  test('shows that it is, as long as it runs', async () => {
    const id = await create(await core.user())
    engine.hold()
    const running = run(id)
    await expect.poll(() => engine.held.length).toBe(1)
    const heartbeat = async () =>
      (await db.selectFrom('generation').select('heartbeat_at').where('id', '=', id).executeTakeFirstOrThrow())
        .heartbeat_at!
    const first = await heartbeat()
    await expect.poll(heartbeat, { timeout: 5_000 }).not.toEqual(first)
    engine.release()
    await running
  })

  test('because it has ended is left alone', async () => {
    const id = await create(await core.user())
    await run(id)
    await sql`delete from pgboss.job`.execute(db)
    await untouchedFor(id, '1 day')
    expect(await sweepGenerations(services)).toEqual({ requeued: 0, purged: 0 })
    expect(await queued()).toEqual([])
  })
})

describe('a deleted generation', () => {
  async function halfDeleted(user: TestUser): Promise<string> {
    const id = await create(user)
    await run(id)
    const storage = { ...services.storage, remove: () => Promise.reject(new Error('no answer')) }
    await deleteGeneration({ ...user.as, storage }, { id })
    expect(await core.objects(id)).not.toEqual([])
    await sql`update generation set deleted_at = deleted_at - interval '2 minutes' where id = ${id}`.execute(db)
    return id
  }

  test('whose audio could not be removed loses it to the sweep, once', async () => {
    const id = await halfDeleted(await core.user())
    expect(await sweepGenerations(services)).toMatchObject({ purged: 1 })
    expect(await core.objects(id)).toEqual([])
    expect(await db.selectFrom('segment').select('index').where('generation_id', '=', id).execute()).toEqual([])
    expect(await sweepGenerations(services)).toMatchObject({ purged: 0 })
  })

  test('that still cannot be purged does not keep the others', async () => {
    const [stuck, other] = [await halfDeleted(await core.user()), await halfDeleted(await core.user())]
    const storage: typeof services.storage = {
      ...services.storage,
      remove: (keys) =>
        keys.some((key) => key.includes(stuck))
          ? Promise.reject(new Error('no answer'))
          : services.storage.remove(keys),
    }
    await sweepGenerations({ ...services, storage })
    expect(await core.objects(other)).toEqual([])
    expect(await core.objects(stuck)).not.toEqual([])
    await sweepGenerations(services)
    expect(await core.objects(stuck)).toEqual([])
  })
})

describe('the audio of a generation that came to nothing', () => {
  const noRemoval = { ...services.storage, remove: () => Promise.reject(new Error('no answer')) }
  const endedAMinuteAgo = (id: string) =>
    sql`alter table generation disable trigger generation_terminal;
      update generation set finished_at = finished_at - interval '2 minutes' where id = '${sql.raw(id)}';
      alter table generation enable trigger generation_terminal`.execute(core.owner)

  test.for(['canceled', 'failed'] as const)(
    'because it was %s and the store did not answer goes with the sweep',
    async (state) => {
      const user = await core.user()
      const id = await create(user)
      if (state === 'canceled') {
        await services.storage.put(`generations/${id}/attempt/0.pcm`, Buffer.from('words'))
        await cancelGeneration({ ...user.as, storage: noRemoval }, { id })
      } else {
        const storage: typeof services.storage = {
          ...noRemoval,
          put: (key, body, options) =>
            key.endsWith('audio.pcm')
              ? Promise.reject(new StorageError('full', 'no room'))
              : services.storage.put(key, body, options),
        }
        await runGeneration({ ...services, storage }, { generationId: id }, new AbortController().signal).catch(
          () => undefined,
        )
        core.alarms.length = 0
      }
      expect(await core.objects(id)).toHaveLength(1)
      expect(await sweepGenerations(services)).toMatchObject({ purged: 0 })
      await endedAMinuteAgo(id)
      expect(await sweepGenerations(services)).toMatchObject({ purged: 1 })
      expect(await core.objects(id)).toEqual([])
      expect(await getGeneration(user.as, { id })).toMatchObject({ state, text: 'One sentence.' })
      expect(await sweepGenerations(services)).toMatchObject({ purged: 0 })

      await deleteGeneration({ ...user.as, storage: noRemoval }, { id })
      await sql`update generation set deleted_at = deleted_at - interval '2 minutes' where id = ${id}`.execute(db)
      expect(await sweepGenerations(services)).toMatchObject({ purged: 1 })
    },
  )

  test('that a worker wrote after the cancel and left behind when it was killed goes too', async () => {
    const user = await core.user()
    const id = await create(user)
    await cancelGeneration(user.as, { id })
    await services.storage.put(`generations/${id}/attempt/0.pcm`, Buffer.from('words'))
    await endedAMinuteAgo(id)
    await sweepGenerations(services)
    expect(await core.objects(id)).toEqual([])
  })
})

test('the sweep of everything removes what is over, and nothing else', async () => {
  const { id } = await core.user()
  const session = (idHash: string, expires: string) =>
    sql`insert into session (id_hash, user_id, expires_at) values (${idHash}, ${id}, now() + ${expires}::interval)`.execute(
      db,
    )
  await session('over', '-1 second')
  await session('live', '1 minute')
  const key = (name: string, age: string) =>
    sql`insert into idempotency (user_id, route, key, request_hash, response, created_at)
      values (${id}, 'r', ${name}, '', '1', now() - ${age}::interval)`.execute(db)
  await key('old', '24 hours 1 second')
  await key('new', '23 hours 59 minutes')
  await sweep(services)
  const sessions = await db.selectFrom('session').select('id_hash').where('user_id', '=', id).execute()
  expect(sessions.map(({ id_hash }) => id_hash.toString())).toEqual(['live'])
  expect(await db.selectFrom('idempotency').select('key').where('user_id', '=', id).execute()).toEqual([{ key: 'new' }])
})
