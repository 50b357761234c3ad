import { buffer } from 'node:stream/consumers'
import { decodeAudio } from '@loqui/audio/testing'
import { EngineError } from '@loqui/engines/engine'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { revokeConsent } from '../consents/revoke.ts'
import type { Context } from '../context.ts'
import { deleteSample } from '../samples/delete.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { consentOf, giveVoice } from '../testing/samples.ts'
import { deleteVoice } from './delete.ts'
import { getVoice } from './get.ts'
import { voicePreview } from './preview.ts'
import { makePreview } from './preview-make.ts'
import { findVoice } from './queries.ts'
import { updateVoice, updateVoiceInput } from './update.ts'

const tone = createToneEngine()
const offline = createOfflineEngine({ threads: 1 })
const core = await testCore([tone, offline])
const { services } = core
const { db, storage } = services

/** A process in which the tone asks for nothing. */
const free = { ...tone, price: () => 0 }
const engines = new Map([
  [free.id, free],
  [offline.id, offline],
])

const nobody = () => Promise.reject(new Error('nobody was to be asked'))
const hear = (id: string, as?: Context) =>
  voicePreview({ ...services, engines }, { id }, as ? async () => as.actor : nobody)
const objects = () => Array.fromAsync(storage.list('previews/'), ({ key }) => key)

beforeEach(async () => {
  tone.reset()
  await storage.remove(await objects())
  await db.deleteFrom('voice_preview').execute()
})

describe('a preview of a preset', () => {
  test('is the voice speaking a sentence, as an MP3 of a length that is written down', async () => {
    const id = await core.voiceId('stella')
    const { key, bytes, open, version } = await hear(id)
    expect(open).toBe(true)
    const audio = await buffer(await storage.read(key))
    expect(audio.length).toBe(bytes)
    const { durationMs } = await decodeAudio(audio, 'mp3')
    const row = await db.selectFrom('voice_preview').selectAll().where('voice_id', '=', id).executeTakeFirstOrThrow()
    expect(Math.abs(row.duration_ms - durationMs)).toBeLessThan(1)
    expect(durationMs).toBeGreaterThan(2_000)
    const { as } = await core.user()
    expect((await getVoice(as, { id })).previewUrl).toBe(`/api/v1/voices/voi_${id}/preview?v=${version}`)
  })

  test('is made once, by many processes at once, and kept', async () => {
    const id = await core.voiceId('low')
    const all = await Promise.all(Array.from({ length: 8 }, () => hear(id)))
    expect(new Set(all.map(({ key }) => key)).size).toBe(1)
    expect(tone.spoken).toHaveLength(1)
    // Another process knows nothing of what this one is making.
    await db.deleteFrom('voice_preview').execute()
    const voice = await findVoice(db, null, id)
    await Promise.all(Array.from({ length: 8 }, () => makePreview(services, voice, free, 'another')))
    expect(tone.spoken).toHaveLength(2)
    expect((await objects()).filter((key) => key.includes(id))).toHaveLength(2)
    expect(await db.selectFrom('voice_preview_lease').selectAll().execute()).toEqual([])
  })

  test('is another’s to make when the process that made it is gone', async () => {
    const id = await core.voiceId('high')
    await sql`insert into voice_preview_lease values (${id}, gen_random_uuid(), clock_timestamp() + interval '300 ms')`.execute(
      db,
    )
    await hear(id)
    expect(tone.spoken).toHaveLength(1)
  })

  test('is none where an engine asks for money, nor where there is no engine', async () => {
    const { as } = await core.user()
    const id = await core.voiceId('low')
    expect((await getVoice(as, { id })).previewUrl).toBeNull()
    const paid = await refusal(voicePreview(services, { id }, nobody))
    expect(paid).toMatchObject({ reason: 'voice_unavailable', message: expect.stringContaining('paid by use') })
    const gone = await refusal(voicePreview({ ...services, engines: new Map() }, { id }, nobody))
    expect(gone).toMatchObject({ reason: 'voice_unavailable' })
    expect(tone.spoken).toEqual([])
  })

  test('that fails leaves nothing, and is made when it is asked for again', async () => {
    const id = await core.voiceId('low')
    tone.fail('', new EngineError('out of order', { retryable: true }))
    expect(await refusal(hear(id))).toMatchObject({ reason: 'engine_failed' })
    expect(await objects()).toEqual([])
    await hear(id)
    expect(await objects()).toHaveLength(1)
  })
})

describe('a preview of a cloned voice', () => {
  test('is its maker’s, and whoever else asks is told that there is no such voice', async () => {
    const [owner, stranger] = [await core.user(), await core.user()]
    const { id } = await giveVoice(owner.as, { engine: 'offline' })
    expect(await hear(rowId(id), owner.as)).toMatchObject({ open: false })
    expect(await refusal(hear(rowId(id), stranger.as))).toMatchObject({ reason: 'voice_not_found' })
    const noReader = await owner.withKey(['generations:write'])
    expect(await refusal(hear(rowId(id), noReader))).toMatchObject({ reason: 'scope_missing' })
    await expect(hear(rowId(id))).rejects.toThrow('nobody was to be asked')
  })

  test('is made anew when it would sound otherwise, and the old one removed', async () => {
    const { as } = await core.user()
    const { id } = await giveVoice(as, { engine: 'offline' })
    const before = await hear(rowId(id), as)
    await updateVoice(as, updateVoiceInput.parse({ id, settings: { pitch: 3 } }))
    const after = await hear(rowId(id), as)
    expect(after.version).not.toBe(before.version)
    expect(await objects()).toEqual([after.key])
    await updateVoice(as, updateVoiceInput.parse({ id, name: 'Another' }))
    expect((await hear(rowId(id), as)).key).toBe(after.key)
  })

  test('ends with its consent, also while it is being made, within a second', async () => {
    const { as } = await core.user()
    const voice = await giveVoice(as)
    tone.hold()
    const heard = refusal(hear(rowId(voice.id), as))
    await vi.waitFor(() => expect(tone.held).toHaveLength(1))
    await revokeConsent(as, { id: consentOf(voice) })
    expect(await heard).toMatchObject({ reason: 'consent_required' })
    expect(tone.aborted).toHaveLength(1)
    expect(await objects()).toEqual([])
    expect(await refusal(hear(rowId(voice.id), as))).toMatchObject({ reason: 'consent_required' })
    expect((await getVoice(as, { id: rowId(voice.id) })).previewUrl).toBeNull()
  })

  test('is heard no more once its consent has expired or its samples are deleted, though it was made before', async () => {
    const { as } = await core.user()
    const [expired, bereft] = [await giveVoice(as), await giveVoice(as)]
    for (const { id } of [expired, bereft]) await hear(rowId(id), as)
    await sql`alter table consent disable trigger consent_append_only`.execute(core.owner)
    await sql`update consent set expires_at = clock_timestamp() where id = ${consentOf(expired)}`.execute(core.owner)
    await sql`alter table consent enable trigger consent_append_only`.execute(core.owner)
    for (const id of bereft.sampleIds) await deleteSample(as, { id: rowId(id) })
    expect(await refusal(hear(rowId(expired.id), as))).toMatchObject({ reason: 'consent_required' })
    expect(await refusal(hear(rowId(bereft.id), as))).toMatchObject({ reason: 'voice_unavailable' })
  })

  test('goes with the voice', async () => {
    const { as } = await core.user()
    const [kept, deleted] = [await giveVoice(as), await giveVoice(as)]
    await hear(rowId(kept.id), as)
    await hear(rowId(deleted.id), as)
    await deleteVoice(as, { id: rowId(deleted.id) })
    expect(await objects()).toEqual([expect.stringContaining(rowId(kept.id))])
  })
})
