import { text } from 'node:stream/consumers'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { generationAudio, generationAudioInput } from '../generations/audio.ts'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { runGeneration } from '../generations/run.ts'
import { newId } from '../ids.ts'
import { sampleKey } from '../samples/purge.ts'
import { rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { giveSample } from '../testing/samples.ts'
import { voicePreview } from '../voices/preview.ts'
import { reconcileStorage } from './reconcile.ts'
import { sweepStorage } from './sweep.ts'

const core = await testCore([createToneEngine(), createOfflineEngine({ threads: 1 })])
const { services } = core
const { db, storage } = services

const keys = async () => (await Array.fromAsync(storage.list(''), ({ key }) => key)).toSorted()
const reconcile = (youngMs = 0) => reconcileStorage(services, { youngMs })

beforeEach(async () => {
  await storage.remove(await keys())
  await sql`update generation set deleted_at = now()`.execute(db)
  for (const table of ['sample', 'upload', 'voice_preview', 'rendition'] as const) await db.deleteFrom(table).execute()
})

/** A generation that is done, with a rendition; a sample; a preview; each with its objects. */
async function everything(user: TestUser): Promise<{ generationId: string; sampleId: string; voiceId: string }> {
  const voiceId = await core.voiceId('low')
  const input = createGenerationInput.parse({
    text: 'Words, and more words.',
    voiceId: `voi_${voiceId}`,
    format: 'wav',
  })
  const generationId = rowId((await createGeneration(user.as, input)).id)
  await runGeneration(services, { generationId }, new AbortController().signal)
  await generationAudio(user.as, generationAudioInput.parse({ id: `gen_${generationId}`, format: 'flac' }))
  const sampleId = rowId(await giveSample(db, user.id))
  await storage.put(sampleKey(sampleId), Buffer.from('a sample'))
  const stella = await core.voiceId('stella')
  await voicePreview(services, { id: stella }, () => Promise.reject(new Error('not asked')))
  return { generationId, sampleId, voiceId: stella }
}

describe('what the store holds', () => {
  test('stays where a row names it', async () => {
    await everything(await core.user())
    const before = await keys()
    expect(before.length).toBeGreaterThanOrEqual(5)
    expect(await reconcile()).toEqual({ orphans: 0, forgotten: 0, missing: [] })
    expect(await keys()).toEqual(before)
  })

  test('goes where none does, if it is of ours', async () => {
    const { generationId, sampleId, voiceId } = await everything(await core.user())
    const before = await keys()
    const orphans = [
      `generations/${generationId}/${newId()}/0.pcm`,
      `generations/${generationId}/renditions/${newId()}.mp3`,
      `generations/${newId()}/${newId()}/audio.wav`,
      `samples/${newId()}/audio`,
      `samples/${sampleId}/other`,
      `previews/${voiceId}/${newId()}.mp3`,
      `previews/none/a.mp3`,
    ]
    const others = ['somebody/a.wav', 'a.wav', `voices/${newId()}/audio`]
    for (const key of others) await storage.put(key, Buffer.from('x'))
    for (const key of orphans) await storage.put(key, Buffer.from('x'))
    expect(await reconcile(60_000)).toEqual({ orphans: 0, forgotten: 0, missing: [] })
    expect(await reconcile()).toEqual({ orphans: orphans.length, forgotten: 0, missing: [] })
    expect(await keys()).toEqual([...before, ...others].toSorted())
  })

  test('stays while it is being uploaded, and goes with a sample that was deleted', async () => {
    const user = await core.user()
    const [uploading, deleted] = [newId(), rowId(await giveSample(db, user.id))]
    for (const id of [uploading, deleted]) await storage.put(sampleKey(id), Buffer.from(id))
    await db
      .insertInto('upload')
      .values({
        id: uploading,
        user_id: user.id,
        audio_key: sampleKey(uploading),
        reserved_bytes: 10,
        expires_at: sql<Date>`now() + interval '1 minute'`,
      })
      .execute()
    await sql`update sample set deleted_at = now(), purged_at = now() where id = ${deleted}`.execute(db)
    expect(await reconcile()).toMatchObject({ orphans: 1 })
    expect(await keys()).toEqual([sampleKey(uploading)])
  })

  test('is gone through to the end, however much it is', async () => {
    const user = await core.user()
    const { sampleId } = await everything(user)
    const before = await keys()
    await Promise.all(Array.from({ length: 1_100 }, () => storage.put(`samples/${newId()}/audio`, Buffer.from('x'))))
    expect(await reconcile()).toMatchObject({ orphans: 1_100 })
    expect(await keys()).toEqual(before)
    expect(await text(await storage.read(sampleKey(sampleId)))).toBe('a sample')
  })
})

describe('what a row names and the store does not have', () => {
  test('is made again where it can be, and told of where it cannot', async () => {
    const user = await core.user()
    const { generationId, sampleId, voiceId } = await everything(user)
    const { audio_key } = await db
      .selectFrom('generation')
      .select('audio_key')
      .where('id', '=', generationId)
      .executeTakeFirstOrThrow()
    const all = await keys()
    const remade = all.filter((key) => key.startsWith('previews/') || key.includes('/renditions/'))
    const lost = [audio_key ?? '', sampleKey(sampleId)].toSorted()
    expect(remade.length).toBe(2)
    await storage.remove([...remade, ...lost])

    expect(await reconcile()).toEqual({ orphans: 0, forgotten: 2, missing: lost })
    expect(await reconcile()).toEqual({ orphans: 0, forgotten: 0, missing: lost })
    await generationAudio(user.as, generationAudioInput.parse({ id: `gen_${generationId}`, format: 'flac' }))
    await voicePreview(services, { id: voiceId }, () => Promise.reject(new Error('not asked')))
    expect(await keys()).toHaveLength(all.length - lost.length)
  })
})

describe('the sweep of the store', () => {
  test('happens in one process of all, and not again for hours', async () => {
    await sql`delete from storage_sweep`.execute(db)
    const key = `samples/${newId()}/audio`
    const ages: AgedStorage = { ...storage, list: (prefix) => aged(storage.list(prefix)) }
    const sweepOnce = () => sweepStorage({ ...services, storage: ages }, new AbortController().signal)
    await storage.put(key, Buffer.from('x'))
    await Promise.all([sweepOnce(), sweepOnce(), sweepOnce()])
    expect(await keys()).toEqual(['installation'])
    await storage.put(key, Buffer.from('x'))
    await sweepOnce()
    expect(await keys()).toEqual(['installation', key])
    await sql`update storage_sweep set begun_at = begun_at - interval '6 hours'`.execute(db)
    await sweepOnce()
    expect(await keys()).toEqual(['installation'])
  })

  test('leaves a store alone that another installation has marked', async () => {
    await sql`delete from storage_sweep`.execute(db)
    const others = ['installation', `samples/${newId()}/audio`]
    for (const key of others) await storage.put(key, Buffer.from('theirs'))
    const ages: AgedStorage = { ...storage, list: (prefix) => aged(storage.list(prefix)) }
    await sweepStorage({ ...services, storage: ages }, new AbortController().signal)
    expect(await keys()).toEqual(others)
    expect(core.alarms.splice(0)).toMatchObject([{ message: expect.stringContaining('another installation') }])
  })

  test('ends when its process does', async () => {
    await sql`delete from storage_sweep`.execute(db)
    await storage.put(`samples/${newId()}/audio`, Buffer.from('x'))
    const stopped = AbortSignal.abort(new Error('stopped'))
    await expect(sweepStorage(services, stopped)).rejects.toThrow('stopped')
    expect(await reconcile()).toMatchObject({ orphans: 1 })
  })
})

type AgedStorage = typeof storage

/** As if all of it had been written a day ago. */
async function* aged(objects: ReturnType<typeof storage.list>): ReturnType<typeof storage.list> {
  for await (const object of objects)
    yield { ...object, modifiedAt: new Date(object.modifiedAt.getTime() - 86_400_000) }
}
