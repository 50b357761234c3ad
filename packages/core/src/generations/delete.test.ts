import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { newId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { currentUsage } from '../usage/current.ts'
import { generationAudio } from './audio.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import { getGeneration } from './get.ts'
import { listGenerations } from './list.ts'
import { runGeneration } from './run.ts'
import { generationStatus } from './status.ts'
import { watchGeneration } from './watch.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db } = services
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

const text = 'A secret sentence that must go. The second sentence is not the third.'

async function create(user: TestUser, idempotencyKey?: string): Promise<string> {
  const input = createGenerationInput.parse({ text, title: 'A secret title', format: 'pcm', voiceId: `voi_${low}` })
  return rowId((await createGeneration(user.as, input, { idempotencyKey })).id)
}

const run = (id: string) => runGeneration(services, { generationId: id }, new AbortController().signal)

/** Every row of every table in which a text occurs. */
async function occurrences(of: string): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`.execute(db)
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql`select from ${sql.raw(name)} t where strpos(to_jsonb(t)::text, ${of}) > 0`.execute(db)
      return rows.map(() => name)
    }),
  )
  return found.flat()
}

async function entries(id: string) {
  const rows = await db
    .selectFrom('quota_entry')
    .select(['kind', 'ms'])
    .where('generation_id', '=', id)
    .orderBy('created_at')
    .execute()
  return rows.map(({ kind, ms }) => [kind, ms])
}

async function eventTypes(id: string): Promise<string[]> {
  const rows = await db.selectFrom('event').select('type').where('generation_id', '=', id).orderBy('seq').execute()
  return rows.map(({ type }) => type)
}

describe('deleting', () => {
  test('what succeeded removes its text and audio and keeps what was charged', async () => {
    const user = await core.user()
    const id = await create(user)
    await run(id)
    await generationAudio(user.as, { id, format: 'wav' })
    const usage = await currentUsage(user.as)
    const charged = await entries(id)
    expect(await core.objects(id)).toHaveLength(4)
    expect(await occurrences('secret')).not.toEqual([])

    await deleteGeneration(user.as, { id })
    expect(await core.objects(id)).toEqual([])
    expect(await occurrences('secret')).toEqual([])
    expect(await entries(id)).toEqual(charged)
    expect(await currentUsage(user.as)).toEqual(usage)
    expect((await eventTypes(id)).at(-1)).toBe('deleted')
    expect(await db.selectFrom('segment').select('index').where('generation_id', '=', id).execute()).toEqual([])
    expect(await db.selectFrom('rendition').select('format').where('generation_id', '=', id).execute()).toEqual([])
  })

  test('leaves nothing to be found by any verb', async () => {
    const user = await core.user()
    const id = await create(user)
    await run(id)
    await deleteGeneration(user.as, { id })
    const signal = new AbortController().signal
    const verbs = [
      () => getGeneration(user.as, { id }),
      () => generationStatus(user.as, { id }),
      () => cancelGeneration(user.as, { id }),
      () => deleteGeneration(user.as, { id }),
      () => generationAudio(user.as, { id }),
      () => watchGeneration(user.as, { id }, signal),
    ]
    for (const verb of verbs) {
      expect(await refusal(verb())).toMatchObject({
        reason: 'generation_not_found',
        message: 'id: there is no such generation.',
      })
    }
    expect((await listGenerations(user.as, { limit: 20 })).items).toEqual([])
  })

  test('what waits cancels it first', async () => {
    const user = await core.user()
    const id = await create(user)
    await deleteGeneration(user.as, { id })
    expect((await entries(id)).map(([kind]) => kind)).toEqual(['reserve', 'release'])
    expect(await eventTypes(id)).toEqual(['queued', 'canceled', 'deleted'])
    await run(id)
    expect(engine.spoken).toEqual([])
  })

  test('what runs stops its engine and leaves nothing of it', async () => {
    const user = await core.user()
    const id = await create(user)
    engine.hold()
    const running = run(id)
    await expect.poll(() => engine.held.length).toBe(2)
    await deleteGeneration(user.as, { id })
    await running
    expect(engine.aborted).toHaveLength(2)
    expect(await core.objects(id)).toEqual([])
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, reservedMs: 0 })
    expect(await occurrences('secret')).toEqual([])
  })

  test('takes the text out of the answer that its idempotency key keeps, and the key still makes nothing twice', async () => {
    const user = await core.user()
    const id = await create(user, 'once')
    await deleteGeneration(user.as, { id })
    expect(await occurrences('secret')).toEqual([])
    expect(await create(user, 'once')).toBe(id)
    expect((await listGenerations(user.as, { limit: 20 })).items).toEqual([])
  })

  test('by ten at once deletes once', async () => {
    const user = await core.user()
    const id = await create(user)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => deleteGeneration(user.as, { id })))
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled')
    expect(await eventTypes(id)).toEqual(['queued', 'canceled', 'deleted'])
  })

  test('what is somebody else’s, or without the scope, deletes nothing', async () => {
    const [owner, other] = [await core.user(), await core.user()]
    const id = await create(owner)
    expect(await refusal(deleteGeneration(other.as, { id }))).toMatchObject({ reason: 'generation_not_found' })
    expect(await refusal(deleteGeneration(other.as, { id: newId() }))).toMatchObject({ reason: 'generation_not_found' })
    const reader = await owner.withKey(['generations:read'])
    expect(await refusal(deleteGeneration(reader, { id }))).toMatchObject({ reason: 'scope_missing' })
    expect(await getGeneration(owner.as, { id })).toMatchObject({ text })
    await deleteGeneration(owner.as, { id })
  })

  test('while its audio is made in another format leaves none of it', async () => {
    const user = await core.user()
    const id = await create(user)
    await run(id)
    // The format is made and stored, and its row not yet written, when everything is deleted.
    const stored = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const storage: typeof services.storage = {
      ...services.storage,
      async put(key, body, options) {
        const object = await services.storage.put(key, body, options)
        stored.resolve()
        await goOn.promise
        return object
      },
    }
    const making = refusal(generationAudio({ ...user.as, storage }, { id, format: 'flac' }))
    await stored.promise
    await deleteGeneration(user.as, { id })
    goOn.resolve()
    expect(await making).toMatchObject({ reason: 'generation_not_found' })
    expect(await core.objects(id)).toEqual([])
    expect(await db.selectFrom('rendition').select('format').where('generation_id', '=', id).execute()).toEqual([])
  })

  test('when the store does not answer is done for the caller, and left to the sweep', async () => {
    const user = await core.user()
    const id = await create(user)
    await run(id)
    const warn = vi.fn()
    const storage = { ...services.storage, remove: () => Promise.reject(new Error('no answer')) }
    await deleteGeneration({ ...user.as, storage, log: { ...services.log, warn } }, { id })
    expect(warn).toHaveBeenCalledTimes(1)
    expect(await refusal(getGeneration(user.as, { id }))).toMatchObject({ reason: 'generation_not_found' })
    expect(await core.objects(id)).not.toEqual([])
  })
})

test('waits for a create that takes over the key, and holds nothing meanwhile that it will want', async () => {
  const user = await core.user()
  const id = await create(user, 'key')
  await transaction(db, async (trx) => {
    // As generation_create() does, which wants the quota next.
    await sql`update idempotency set created_at = clock_timestamp() where user_id = ${user.id}`.execute(trx)
    const deleting = deleteGeneration(user.as, { id })
    deleting.catch(() => undefined)
    await vi.waitFor(async () => {
      const { rows } = await sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
        core.owner,
      )
      expect(rows).toHaveLength(1)
    })
    await lock(trx, 'quota', user.id)
    return { deleting }
  }).then(({ deleting }) => deleting)
  expect(await occurrences('A secret')).toEqual([])
})
