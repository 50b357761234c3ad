import { createDb, ping } from '@loqui/db/client'
import { openProxy } from '@loqui/db/testing/proxy'
import { describe, expect, test } from 'vitest'
import { newId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import { getGeneration } from './get.ts'
import { listGenerations, listGenerationsInput } from './list.ts'
import { generationIdInput } from './queries.ts'
import { generationStatus } from './status.ts'

const core = await testCore([createToneEngine()])
const low = await core.voiceId('low')

const uuid = '01a1ffe2-30e3-73bd-95dc-144445c54c4d'

async function create(user: TestUser, text = 'Words.'): Promise<string> {
  return (await createGeneration(user.as, createGenerationInput.parse({ text, voiceId: `voi_${low}` }))).id
}

/** The ids of every page, from the first to the last. */
async function pages(user: TestUser, limit: number, more: object = {}): Promise<string[][]> {
  const found: string[][] = []
  let cursor: string | null | undefined
  do {
    const page = await listGenerations(user.as, listGenerationsInput.parse({ limit, cursor, ...more }))
    found.push(page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor)
  return found
}

describe('a listing', () => {
  test('has everything once, newest first, whatever the size of a page', async () => {
    const user = await core.user({ planId: 'pro' })
    const created: string[] = []
    for (let count = 0; count < 12; count++) created.unshift(await create(user))
    await create(await core.user())
    for (const limit of [1, 3, 4, 11, 12, 13, 100]) {
      const found = await pages(user, limit)
      expect(found.flat()).toEqual(created)
      expect(found.map(({ length }) => length)).toEqual(
        Array.from({ length: Math.ceil(12 / limit) }, (_, page) => Math.min(limit, 12 - page * limit)),
      )
    }
  })

  test('is not shifted by what is made and deleted between two pages', async () => {
    const user = await core.user({ planId: 'pro' })
    const created: string[] = []
    for (let count = 0; count < 6; count++) created.unshift(await create(user))
    const first = await listGenerations(user.as, { limit: 3 })
    await create(user)
    await deleteGeneration(user.as, { id: rowId(created[2]!) })
    await deleteGeneration(user.as, { id: rowId(created[4]!) })
    const second = await listGenerations(user.as, { limit: 3, cursor: first.nextCursor })
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual([...created.slice(0, 4), created[5]])
    expect(second.nextCursor).toBeNull()
  })

  test('of one state has those, and no others', async () => {
    const user = await core.user()
    const [first, second, third] = [await create(user), await create(user), await create(user)]
    await cancelGeneration(user.as, { id: rowId(second) })
    expect(await pages(user, 1, { state: 'queued' })).toEqual([[third], [first]])
    expect(await pages(user, 10, { state: 'canceled' })).toEqual([[second]])
    expect(await pages(user, 10, { state: 'succeeded' })).toEqual([[]])
  })

  test('shows the beginning of a text, and reads no more of it', async () => {
    const user = await core.user()
    const text = `${'a'.repeat(199)}\u{1F600} and so on`
    const id = await create(user, text)
    const { items } = await listGenerations(user.as, { limit: 1 })
    expect(items[0]!.excerpt).toBe('a'.repeat(199))
    expect(items[0]!.characters).toBe(text.length)
    expect(items[0]).not.toHaveProperty('text')

    const { text: _, ...summary } = await getGeneration(user.as, { id: rowId(id) })
    expect(items[0]).toEqual(summary)
  })

  test('of long texts brings none of them whole from the database', async () => {
    const user = await core.user({ planId: 'pro' })
    await create(user, 'Many words. '.repeat(8_000))
    await using proxy = await openProxy(core.connectionString)
    const own = createDb({ connectionString: proxy.connectionString, max: 1 })
    await using _own = { [Symbol.asyncDispose]: () => own.destroy() }
    expect(await ping(own)).toBe(true)
    const before = proxy.bytesRead
    const { items } = await listGenerations({ ...user.as, db: own }, { limit: 10 })
    expect(items).toHaveLength(1)
    expect(proxy.bytesRead - before).toBeLessThan(8_000)
  })

  test.for([0, 101, -1, 1.5, '5'])('takes no limit of %j', (limit) => {
    const { error } = listGenerationsInput.safeParse({ limit })
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['limit'])
  })

  test.for([
    '',
    'x',
    'MS4=',
    Buffer.from(`2.${uuid}`).toString('base64url'),
    Buffer.from(`1.${uuid}x`).toString('base64url'),
    Buffer.from(`1.${uuid.toUpperCase()}`).toString('base64url'),
    Buffer.from("1.' or true --").toString('base64url'),
    uuid,
    '\u0000',
    '🙂'.repeat(50),
  ])('refuses the cursor %j by its name', async (cursor) => {
    const user = await core.user()
    const refused = await refusal(listGenerations(user.as, listGenerationsInput.parse({ cursor })))
    expect(refused).toMatchObject({ reason: 'cursor_malformed', issues: [{ field: 'cursor' }] })
  })
})

describe('what is somebody else’s, deleted or never was', () => {
  test('cannot be told apart', async () => {
    const [owner, other] = [await core.user(), await core.user()]
    const [foreign, deleted] = [await create(owner), await create(other)]
    await deleteGeneration(other.as, { id: rowId(deleted) })
    for (const id of [rowId(foreign), rowId(deleted), newId()]) {
      for (const read of [getGeneration, generationStatus]) {
        const refused = await refusal(read(other.as, { id }))
        expect(refused).toMatchObject({ reason: 'generation_not_found', message: 'id: there is no such generation.' })
      }
    }
    const cursor = Buffer.from(`1.${rowId(foreign)}`).toString('base64url')
    expect(await listGenerations(other.as, { limit: 10, cursor })).toEqual({ items: [], nextCursor: null })
  })

  test.for(['', 'gen_', 'gen_1', `voi_${uuid}`, uuid, `gen_${uuid.toUpperCase()}`, `gen_${uuid} `, `Gen_${uuid}`])(
    'the id %j is malformed',
    (id) => {
      const { error } = generationIdInput.safeParse({ id })
      expect(error?.issues).toMatchObject([
        { path: ['id'], message: expect.stringContaining('must be the id of a generation') },
      ])
    },
  )
})

test('a status is the part of a generation that moves', async () => {
  const user = await core.user()
  const id = await create(user)
  const status = await generationStatus(user.as, { id: rowId(id) })
  expect(status).toEqual({
    id,
    state: 'queued',
    waitsFor: null,
    segments: { total: 1, done: 0, cached: 0 },
    durationMs: null,
    chargedMs: null,
    error: null,
  })
  expect(await getGeneration(user.as, { id: rowId(id) })).toMatchObject(status)
})

test('reading needs the scope to read', async () => {
  const user = await core.user()
  const id = rowId(await create(user))
  const writer = await user.withKey(['generations:write', 'admin'])
  for (const read of [
    getGeneration(writer, { id }),
    generationStatus(writer, { id }),
    listGenerations(writer, { limit: 1 }),
  ]) {
    expect(await refusal(read)).toMatchObject({ reason: 'scope_missing' })
  }
})
