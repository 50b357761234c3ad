import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { createDb, type Db } from './client.ts'
import { dumpSchema } from './dump-schema.ts'
import { administer } from './embedded-administer.ts'
import { migrate, migrator } from './migrate.ts'
import { migrateQueue } from './queue.ts'
import {
  balances,
  cancel,
  claim,
  fail,
  newAccount,
  newSegments,
  storeSegment,
  submitSegment,
} from './testing/ledger.ts'
import { testDatabase } from './testing.ts'

async function emptyDatabase(): Promise<string> {
  const { connectionString: server } = inject('testServer')
  const name = `test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name}`)
  onTestFinished(() => administer(server, `drop database ${name} with (force)`).then(() => undefined))
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

test('two processes may bring an empty database up at once, and a third one later changes nothing', async () => {
  const connectionString = await emptyDatabase()
  await Promise.all([migrate(connectionString), migrate(connectionString)])
  const schema = await dumpSchema(connectionString)
  await migrate(connectionString)
  expect(await dumpSchema(connectionString)).toBe(schema)

  const db = createDb({ connectionString })
  onTestFinished(() => db.destroy())
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  const files = (await readdir(new URL('../migrations', import.meta.url))).map((file) => parse(file).name)
  expect(rows.map(({ name }) => name)).toEqual(files.sort())
  expect(await violations(db)).toEqual([])
})

test('migrating again keeps what the database holds', async () => {
  const { db, connectionString } = await testDatabase()
  await sql`update plan set name = 'Gratis' where id = 'free'`.execute(db)
  await migrate(connectionString)
  expect(await db.selectFrom('plan').select('name').where('id', '=', 'free').execute()).toEqual([{ name: 'Gratis' }])
})

describe('a database of version 0005', () => {
  /** One that has lived: `running` and `queued` are still to be done. */
  async function lived() {
    const connectionString = await emptyDatabase()
    const owner = createDb({ connectionString, role: 'owner' })
    onTestFinished(() => owner.destroy())
    await migrator(owner).migrateTo('0005_report')
    const functions = await readFile(join(import.meta.dirname, 'testing/fixtures/functions-0005.sql'), 'utf8')
    await sql.raw(functions).execute(owner)
    await migrateQueue(connectionString)
    await sql`update plan set requests_per_minute = 45 where id = 'pro'`.execute(owner)

    const account = await newAccount(owner)
    const create = async () => {
      const id = randomUUID()
      const row = {
        id,
        user_id: account.userId,
        voice_id: account.voiceId,
        engine: 'test',
        text: 'Words.',
        characters: 6,
        format: 'wav',
        settings: {},
        segments_total: 2,
        estimated_ms: 9_000,
        reserved_ms: 9_000,
        predicted_cost_micros: 80,
      }
      await sql`select generation_create(jsonb_populate_record(null::generation, ${JSON.stringify(row)}::jsonb))`.execute(
        owner,
      )
      await newSegments(owner, id, 2)
      return id
    }
    const store = async (id: string, index: number, attempt: string) => {
      // As that version had it.
      await sql`select segment_submit(${id}, ${index}, ${attempt})`.execute(owner)
      await storeSegment(owner, id, index, attempt, 30)
    }
    const [done, deleted, failed, canceled, running, queued] = [
      await create(),
      await create(),
      await create(),
      await create(),
      await create(),
      await create(),
    ]
    for (const id of [done, deleted]) {
      await claim(owner, id)
      const attempt = (await claim(owner, id))!
      for (const index of [0, 1]) await store(id, index, attempt)
      await sql`select generation_succeed(${id}, ${attempt}, 4000, ${id}, 1, 'sha')`.execute(owner)
    }
    await sql`update generation set text = '', deleted_at = now(), purged_at = now(), audio_key = null where id = ${deleted}`.execute(
      owner,
    )
    await sql`delete from segment where generation_id = ${deleted}`.execute(owner)
    await fail(owner, failed, (await claim(owner, failed))!)
    await cancel(owner, canceled)
    await store(running, 0, (await claim(owner, running))!)
    expect(await violations(owner)).toEqual([])
    return { connectionString, account, done, running, queued }
  }

  test('becomes what an empty one becomes, and keeps what was set', async () => {
    const { connectionString } = await lived()
    const fresh = await testDatabase()
    await migrate(connectionString)
    expect(await dumpSchema(connectionString)).toBe(await dumpSchema(fresh.connectionString))
    const db = createDb({ connectionString })
    onTestFinished(() => db.destroy())
    const plans = await db.selectFrom('plan').select(['id', 'requests_per_minute as rpm']).orderBy('id').execute()
    expect(plans).toEqual(
      expect.arrayContaining([
        { id: 'free', rpm: 600 },
        { id: 'pro', rpm: 45 },
        { id: 'starter', rpm: 1_200 },
        { id: 'unlimited', rpm: 60_000 },
      ]),
    )
  })

  test('knows what it did before, and goes on with what it was at', async () => {
    const { connectionString, account, done, running, queued } = await lived()
    await migrate(connectionString)
    const db = createDb({ connectionString })
    onTestFinished(() => db.destroy())
    expect(await violations(db)).toEqual([])
    const history = db
      .selectFrom('usage_day')
      .select(['user_id', 'generations', 'characters', 'charged_ms', 'cost_micros'])
      .execute()
    expect(await history).toEqual([
      { user_id: account.userId, generations: 2, characters: 12, charged_ms: 8_000, cost_micros: 150 },
    ])
    const attempts = db
      .selectFrom('attempt')
      .select(['outcome', 'number', 'actual_cost_micros as cost'])
      .orderBy('started_at')
    expect(await attempts.execute()).toEqual([
      { outcome: 'succeeded', number: 2, cost: 60 },
      { outcome: 'succeeded', number: 2, cost: 60 },
      { outcome: 'failed', number: 1, cost: 0 },
      { outcome: 'running', number: 1, cost: 30 },
    ])

    const attempt = (await claim(db, running))!
    await submitSegment(db, running, 1, attempt)
    await storeSegment(db, running, 1, attempt, 30)
    await sql`select generation_succeed(${running}, ${attempt}, 5000, 'running', 1, 'sha')`.execute(db)
    await cancel(db, queued)
    await sql`select quota_refund(${done}, ${randomUUID()}, 'Sorry.')`.execute(db)
    expect(await balances(db, account)).toMatchObject([{ granted_ms: 100_000, used_ms: 9_000, reserved_ms: 0 }])
    expect(await violations(db)).toEqual([])
  })

  test('knows how the audio it has was made', async () => {
    const { connectionString, done, running, queued } = await lived()
    const owner = createDb({ connectionString, role: 'owner' })
    onTestFinished(() => owner.destroy())
    await sql`update generation set format = 'mp3' where id = ${done}`.execute(owner)
    await sql`update generation set format = 'opus' where id = ${running}`.execute(owner)
    await sql`
      insert into rendition (generation_id, format, audio_key, audio_bytes, audio_sha256)
      select ${done}, format, format, 1, '' from unnest(array['flac', 'mp3', 'opus']) format
    `.execute(owner)
    await migrate(connectionString)
    const db = createDb({ connectionString })
    onTestFinished(() => db.destroy())
    const columns = ['format', 'sample_rate', 'bit_rate', 'loudness'] as const
    const as = (format: string, bit_rate: number | null) => ({ format, sample_rate: 24_000, bit_rate, loudness: null })
    const generations = db.selectFrom('generation').select(columns).where('id', 'in', [done, running, queued])
    expect(await generations.orderBy('format').execute()).toEqual([as('mp3', 64), as('opus', 48), as('wav', null)])
    const renditions = db.selectFrom('rendition').select(columns).orderBy('format')
    expect(await renditions.execute()).toEqual([as('flac', null), as('mp3', 64), as('opus', 48)])
  })
})

async function violations(db: Db): Promise<unknown[]> {
  return (await sql`select * from report.violations()`.execute(db)).rows
}
