import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { refusal, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { createPronunciation, createPronunciationInput } from './create.ts'
import { deletePronunciation } from './delete.ts'
import { listPronunciations, listPronunciationsInput } from './list.ts'
import { pronunciationIdInput } from './queries.ts'
import { updatePronunciation, updatePronunciationInput } from './update.ts'

const core = await testCore([createToneEngine()])
const low = `voi_${await core.voiceId('low')}`

const create = ({ as }: TestUser, own: Partial<z.input<typeof createPronunciationInput>> = {}) =>
  createPronunciation(as, createPronunciationInput.parse({ phrase: 'SQL', replacement: 'sequel', ...own }))
const list = async ({ as }: TestUser, more = {}) => listPronunciations(as, listPronunciationsInput.parse(more))
const update = ({ as }: TestUser, input: z.input<typeof updatePronunciationInput>) =>
  updatePronunciation(as, updatePronunciationInput.parse(input))
const remove = ({ as }: TestUser, id: string) => deletePronunciation(as, pronunciationIdInput.parse({ id }))

describe('pronunciations', () => {
  test('are made, listed, changed and deleted by whose they are', async () => {
    const user = await core.user()
    const made = await create(user, { language: 'EN-us', voiceId: low })
    expect(made).toMatchObject({
      id: expect.stringMatching(/^pro_/),
      phrase: 'SQL',
      replacement: 'sequel',
      caseSensitive: false,
      language: 'en',
      voiceId: low,
    })
    const changed = await update(user, { id: made.id, replacement: 'S Q L', language: null })
    expect(changed).toEqual({ ...made, replacement: 'S Q L', language: null })
    expect((await list(user)).items).toEqual([changed])

    const other = await core.user()
    expect((await list(other)).items).toEqual([])
    expect(await refusal(update(other, { id: made.id, phrase: 'x' }))).toMatchObject({
      reason: 'pronunciation_not_found',
    })
    expect(await refusal(remove(other, made.id))).toMatchObject({ reason: 'pronunciation_not_found' })

    await remove(user, made.id)
    expect((await list(user)).items).toEqual([])
    expect(await refusal(remove(user, made.id))).toMatchObject({ reason: 'pronunciation_not_found' })
  })

  test('are one for the same phrase, case, language and voice', async () => {
    const user = await core.user()
    const first = await create(user)
    expect(await refusal(create(user, { replacement: 'x' }))).toMatchObject({
      reason: 'pronunciation_exists',
      issues: [{ field: 'phrase' }],
    })
    const second = await create(user, { language: 'en' })
    expect(await refusal(update(user, { id: second.id, language: null }))).toMatchObject({
      reason: 'pronunciation_exists',
    })
    await update(user, { id: first.id, replacement: 'S Q L' })
    await create(user, { caseSensitive: true })
    await create(user, { voiceId: low })
    expect((await list(user)).items).toHaveLength(4)
    const together = await Promise.allSettled(Array.from({ length: 5 }, () => create(user, { phrase: 'JSON' })))
    expect(together.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('have a word to be found by, and a voice that is there', async () => {
    const parse = (input: object) =>
      createPronunciationInput.safeParse({ phrase: 'a', replacement: 'b', ...input }).success
    expect(parse({})).toBe(true)
    for (const input of [
      { phrase: ' ' },
      { phrase: '…' },
      { phrase: 'a'.repeat(101) },
      { replacement: '' },
      { replacement: 'b'.repeat(101) },
      { language: 'English please' },
      { phrase: '\0a' },
    ])
      expect(parse(input), JSON.stringify(input)).toBe(false)
    const nobody = 'voi_00000000-0000-7000-8000-000000000000'
    expect(await refusal(create(await core.user(), { voiceId: nobody }))).toMatchObject({ reason: 'voice_not_found' })
  })

  test('are 500 at most', async () => {
    const user = await core.user()
    const rows = Array.from({ length: 500 }, (_, index) => ({
      id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
      user_id: user.id,
      phrase: `word ${index}`,
      replacement: 'x',
      language: null,
      voice_id: null,
    }))
    await core.services.db.insertInto('pronunciation').values(rows).execute()
    expect(await refusal(create(user))).toMatchObject({ reason: 'storage_quota_exceeded' })
    const first = await list(user, { limit: 100 })
    expect(first.items).toHaveLength(100)
    expect((await list(user, { limit: 100, cursor: first.nextCursor })).items[0]?.phrase).toBe('word 399')
  })
})
