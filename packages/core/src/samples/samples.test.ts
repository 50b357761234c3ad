import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { StorageError } from '@loqui/storage/storage'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { getConsent } from '../consents/get.ts'
import { revokeConsent } from '../consents/revoke.ts'
import type { Context } from '../context.ts'
import { sweep } from '../housekeeping/sweep.ts'
import { newId } from '../ids.ts'
import { openLink } from '../links/open.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { giveConsent, giveSample } from '../testing/samples.ts'
import { createVoice, createVoiceInput } from '../voices/create.ts'
import { getVoice } from '../voices/get.ts'
import { sampleAudio } from './audio.ts'
import { deleteSample } from './delete.ts'
import { getSample } from './get.ts'
import { linkSample, linkSampleInput } from './link.ts'
import { listSamples, listSamplesInput } from './list.ts'
import { sampleKey } from './purge.ts'
import { renameSample, renameSampleInput } from './rename.ts'
import { reserve } from './reserve.ts'
import { uploadSample } from './upload.ts'

const core = await testCore([createToneEngine()])
const { services } = core
const { db, storage } = services

const list = (as: Context, input: object = {}) => listSamples(as, listSamplesInput.parse(input))
const rename = (as: Context, id: string, name: string) => renameSample(as, renameSampleInput.parse({ id, name }))
const keys = async () => (await Array.fromAsync(storage.list('samples/'), ({ key }) => key)).toSorted()

/** A sample whose bytes are its id. */
async function give(user: TestUser): Promise<string> {
  const id = await giveSample(db, user.id)
  await storage.put(sampleKey(rowId(id)), Buffer.from(id))
  return id
}

beforeEach(async () => storage.remove(await keys()))

describe('samples', () => {
  test('are listed newest first, page by page, each once, and found by a part of their names', async () => {
    const user = await core.user()
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.unshift(await giveSample(db, user.id, { purpose: n === 2 ? 'consent' : 'voice' }))
    await rename(user.as, ids[1] ?? '', '100 % Großmutter_')
    const found: string[] = []
    let cursor: string | null = null
    do {
      const page = await list(user.as, { limit: 2, cursor })
      found.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor)
    expect(found).toEqual(ids)
    expect((await list(user.as, { purpose: 'consent' })).items.map(({ id }) => id)).toEqual([ids[2]])
    for (const search of ['großm', '%', 'R_', 'MUTTER']) {
      expect(
        (await list(user.as, { search })).items.map(({ id }) => id),
        search,
      ).toEqual([ids[1]])
    }
    expect((await list(user.as, { search: '\\' })).items).toEqual([])
  })

  test('say what was measured of them, and which consent covers them', async () => {
    const { id: userId, as } = await core.user()
    const id = await giveSample(db, userId)
    const before = await getSample(as, { id: rowId(id) })
    expect(before).toMatchObject({
      id,
      purpose: 'voice',
      container: 'wav',
      contentType: 'audio/wav',
      durationMs: 12_000,
      quality: { rating: 'good', advice: [] },
      consentId: null,
    })
    expect(before.peaks).toHaveLength(200)
    expect(Math.max(...before.peaks)).toBe(0.392)
    const consentId = await giveConsent(as, [id])
    expect((await getSample(as, { id: rowId(id) })).consentId).toBe(consentId)
  })

  test('are their owner’s, whoever else asks in whatever way', async () => {
    const [owner, stranger] = [await core.user(), await core.user()]
    const id = await give(owner)
    const row = { id: rowId(id) }
    for (const call of [
      () => getSample(stranger.as, row),
      () => sampleAudio(stranger.as, row),
      () => rename(stranger.as, id, 'Mine'),
      () => deleteSample(stranger.as, row),
      () => linkSample(stranger.as, linkSampleInput.parse({ id }), base),
    ]) {
      const message = 'id: there is no such sample.'
      expect(await refusal(call())).toMatchObject({ reason: 'sample_not_found', message })
    }
    expect((await list(stranger.as)).items).toEqual([])
    expect(await getSample(owner.as, row)).toMatchObject({ name: 'A sample' })
  })

  test('are read with one scope and changed with another', async () => {
    const user = await core.user()
    const id = await give(user)
    const [reader, writer] = [await user.withKey(['samples:read']), await user.withKey(['samples:write'])]
    expect(await getSample(reader, { id: rowId(id) })).toMatchObject({ id })
    expect(await refusal(rename(reader, id, 'Other'))).toMatchObject({ reason: 'scope_missing' })
    expect(await refusal(deleteSample(reader, { id: rowId(id) }))).toMatchObject({ reason: 'scope_missing' })
    expect(await refusal(list(writer))).toMatchObject({ reason: 'scope_missing' })
  })

  test('have names for files that no system takes for a path', async () => {
    const user = await core.user()
    const id = await give(user)
    await rename(user.as, id, '../../etc/pass\\wd')
    expect(await sampleAudio(user.as, { id: rowId(id) })).toMatchObject({ fileName: '..-..-etc-pass-wd.wav' })
  })
})

const base = { publicUrl: new URL('https://voice.example.com') }

describe('a link', () => {
  const address = (url: string) => {
    const { pathname, searchParams } = new URL(url)
    const id = rowId(/smp_[^/]+/.exec(pathname)?.[0] ?? '')
    return { kind: 'sample', id, path: pathname, query: searchParams } as const
  }

  test('opens what it was made for to whoever has it, and nothing else', async () => {
    const user = await core.user()
    const id = await give(user)
    const { url } = await linkSample(user.as, linkSampleInput.parse({ id, download: true }), base)
    expect(url).toMatch(
      /^https:\/\/voice\.example\.com\/api\/v1\/samples\/smp_.*\/audio\?download=1&expires=\d+&signature=/,
    )
    const actor = await openLink(services, address(url))
    const as = { ...services, actor }
    expect(await sampleAudio(as, { id: rowId(id) })).toMatchObject({ key: sampleKey(rowId(id)) })
    expect(await refusal(deleteSample(as, { id: rowId(id) }))).toMatchObject({ reason: 'forbidden' })
    expect(await refusal(rename(as, id, 'Other'))).toMatchObject({ reason: 'forbidden' })
  })

  test('ends with its time, with its object, and with its owner’s account', async () => {
    const user = await core.user()
    const id = await give(user)
    const { url } = await linkSample(user.as, linkSampleInput.parse({ id, expiresInSeconds: 60 }), base)
    const open = () => openLink(services, address(url))
    await sql`update account set disabled_at = now() where id = ${user.id}`.execute(db)
    expect(await refusal(open())).toMatchObject({ reason: 'sample_not_found' })
    await sql`update account set disabled_at = null where id = ${user.id}`.execute(db)
    await open()
    await deleteSample(user.as, { id: rowId(id) })
    expect(await refusal(open())).toMatchObject({ reason: 'sample_not_found' })
  })

  test.each([59, 604_801, 60.5, Number.NaN])('does not live for %s seconds', (expiresInSeconds) => {
    expect(linkSampleInput.safeParse({ id: `smp_${newId()}`, expiresInSeconds }).success).toBe(false)
  })
})

describe('a sample that is deleted', () => {
  test('is gone with its audio, and the voices made of it speak no more', async () => {
    const user = await core.user()
    const [kept, deleted] = [await give(user), await give(user)]
    const consentId = await giveConsent(user.as, [kept, deleted])
    const voice = await createVoice(
      user.as,
      createVoiceInput.parse({ name: 'Both', sampleIds: [kept, deleted], consentId }),
    )
    await deleteSample(user.as, { id: rowId(deleted) })
    expect(await refusal(getSample(user.as, { id: rowId(deleted) }))).toMatchObject({ reason: 'sample_not_found' })
    expect((await list(user.as)).items.map(({ id }) => id)).toEqual([kept])
    expect(await keys()).toEqual([sampleKey(rowId(kept))])
    expect(await getVoice(user.as, { id: rowId(voice.id) })).toMatchObject({
      available: false,
      unavailable: 'samples_deleted',
    })
    expect(await refusal(deleteSample(user.as, { id: rowId(deleted) }))).toMatchObject({ reason: 'sample_not_found' })
  })

  test('tells nothing any more in the database either', async () => {
    const user = await core.user()
    const id = await give(user)
    await rename(user.as, id, 'Ada at home')
    await deleteSample(user.as, { id: rowId(id) })
    const row = await db.selectFrom('sample').selectAll().where('id', '=', rowId(id)).executeTakeFirstOrThrow()
    expect(row).toMatchObject({ name: '', measured: {}, peaks: Buffer.alloc(0), purged_at: expect.any(Date) })
  })

  test('is not one that proves a consent, until that is revoked', async () => {
    const user = await core.user()
    const [sampleId, recordingId] = [
      await give(user),
      await giveSample(db, user.id, { purpose: 'consent', speechMs: 60_000 }),
    ]
    const consentId = await giveConsent(user.as, [sampleId], { recordingId })
    const recording = { id: rowId(recordingId) }
    const refused = await refusal(deleteSample(user.as, recording))
    expect(refused).toMatchObject({ reason: 'sample_in_use', message: expect.stringContaining(consentId) })
    await revokeConsent(user.as, { id: rowId(consentId) })
    await deleteSample(user.as, recording)
    expect(await getConsent(user.as, { id: rowId(consentId) })).toMatchObject({ recordingId })
  })

  test('loses its audio by the sweep where the store did not answer', async () => {
    const user = await core.user()
    const id = await give(user)
    const broken = { ...storage, remove: () => Promise.reject(new StorageError('unavailable', 'gone')) }
    await deleteSample({ ...user.as, storage: broken }, { id: rowId(id) })
    expect(await refusal(getSample(user.as, { id: rowId(id) }))).toMatchObject({ reason: 'sample_not_found' })
    expect(await text(await storage.read(sampleKey(rowId(id))))).toBe(id)
    await sweep(services)
    expect(await keys()).toEqual([])
  })

  test('by the end of its consent loses its audio by the next sweep', async () => {
    const user = await core.user()
    const id = await give(user)
    const consentId = await giveConsent(user.as, [id])
    await revokeConsent(user.as, { id: rowId(consentId) })
    await sweep(services)
    expect(await keys()).toEqual([])
  })
})

describe('room for an upload', () => {
  test('that its process held when it was killed is free again, and what it had stored removed', async () => {
    const { id: userId } = await core.user()
    const reservations = [await reserve(services, userId, 1_000), await reserve(services, userId, 1_000)]
    expect(await refusal(reserve(services, userId, 1_000))).toMatchObject({
      reason: 'concurrency_limited',
      retryAfterSeconds: 1,
    })
    for (const { key, stop } of reservations) {
      await storage.put(key, Buffer.from('x'))
      await stop()
    }
    await sweep(services)
    expect(await keys()).toHaveLength(2)
    await sql`update upload set expires_at = now() - interval '1 second' where user_id = ${userId}`.execute(db)
    await sweep(services)
    expect(await keys()).toEqual([])
    expect(await db.selectFrom('upload').selectAll().where('user_id', '=', userId).execute()).toEqual([])
  })

  test('that was swept away while its process was silent leaves no object that comes after the sweep', async () => {
    const user = await core.user()
    const voice = await readFile(new URL('../../../audio/fixtures/jfk.flac', import.meta.url))
    const upload = uploadSample(user.as, {
      mostBytes: 1_000,
      signal: new AbortController().signal,
      receive: async (file) => {
        await file.write(voice)
        await db.deleteFrom('upload').where('user_id', '=', user.id).execute()
        return { bytes: 1_000, sha256: '00', fileName: 'jfk.flac', input: { purpose: 'voice' as const } }
      },
    })
    expect(await refusal(upload)).toMatchObject({ reason: 'service_unavailable' })
    expect(await keys()).toEqual([])
  })

  test('is as much as the plan has, less what samples and other uploads take, however many ask at once', async () => {
    const { id: userId } = await core.user()
    const { storage_bytes: most } = await db
      .selectFrom('plan')
      .select('storage_bytes')
      .where('id', '=', 'free')
      .executeTakeFirstOrThrow()
    const id = await giveSample(db, userId)
    await sql`update sample set audio_bytes = ${most - 1_000_000} where id = ${rowId(id)}`.execute(db)
    expect(await refusal(reserve(services, userId, 1_000_001))).toMatchObject({
      reason: 'storage_quota_exceeded',
      message: expect.stringMatching(/may need 1\.00 MB, and 1\.00 MB are left/),
    })
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => reserve(services, userId, 600_000)))
    const held = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(held).toHaveLength(1)
    for (const { stop } of held) await stop()
  })
})
