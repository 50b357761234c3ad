import { readFile } from 'node:fs/promises'
import { decodeAudio } from '@loqui/audio/testing'
import type { Sample } from '@loqui/core/samples/sample'
import { describe, expect, test } from 'vitest'
import { client, eventually, finished, refusal, startLoqui, type TestUser } from './testing.ts'

const loqui = await startLoqui()
const recording = await readFile(new URL('../../../packages/audio/fixtures/jfk.flac', import.meta.url))

async function upload(user: TestUser, bytes: Buffer<ArrayBuffer> = recording): Promise<Sample> {
  const form = new FormData()
  form.append('file', new File([bytes], 'a voice.flac', { type: 'audio/flac' }))
  const response = await fetch(`${loqui.url}/api/v1/samples`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.key}`, 'user-agent': 'a recorder' },
    body: form,
  })
  const body = await response.json()
  expect(response.status, JSON.stringify(body)).toBe(201)
  return body as Sample
}

/** A voice made of a real recording, by the way a person goes. */
async function clone(user: TestUser) {
  const api = client(loqui.url, { authorization: `Bearer ${user.key}`, 'user-agent': 'a recorder' })
  const sample = await upload(user)
  const { nonce, locale, version } = await api.consents.statement.query({ locale: 'en-GB' })
  const stated = { nonce, locale, statementVersion: version, accepted: true } as const
  const consent = await api.consents.create.mutate({
    ...stated,
    ...{ sampleIds: [sample.id], speaker: 'other', speakerName: 'The speaker' },
  })
  const cloned = { name: 'The president', sampleIds: [sample.id], consentId: consent.id, aliases: ['alloy'] }
  return { api, sample, consent, voice: await api.voices.create.mutate(cloned) }
}

const get = (path: string, headers: Record<string, string> = {}) => fetch(new URL(path, loqui.url), { headers })

describe('a voice made of a recording', () => {
  test('speaks with its pitch, by the name it was given, and says that it is a preview', async () => {
    const user = await loqui.user()
    const { api, sample, voice } = await clone(user)
    expect(voice).toMatchObject({ kind: 'cloned', fidelity: 'preview', available: true, aliases: ['alloy'] })
    expect(voice.description).toMatch(/^Preview: /)
    const text = 'And so my fellow citizens, ask what you can do for each other, every day of the year.'
    const { id } = await api.generations.create.mutate({ text, voiceId: 'alloy', format: 'wav' })
    expect((await finished(api, id)).voiceId).toBe(voice.id)
    const response = await get(`/api/v1/generations/${id}/audio?format=flac`, { authorization: `Bearer ${user.key}` })
    const again = await upload(user, Buffer.from(await response.arrayBuffer()))
    const ratio = Number(again.pitchHz) / Number(sample.pitchHz)
    expect(ratio).toBeGreaterThan(0.85)
    expect(ratio).toBeLessThan(1.15)
  })

  test('cannot be made without a consent, and is nobody else’s', async () => {
    const [ada, bob] = [await loqui.user(), await loqui.user()]
    const { sample, consent, voice } = await clone(ada)
    const api = client(loqui.url, ada)
    const made = { name: 'Another', sampleIds: [sample.id] }
    expect(await refusal(api.voices.create.mutate(made))).toMatchObject({ reason: 'consent_required', status: 403 })
    const theirs = client(loqui.url, bob)
    const stolen = { ...made, consentId: consent.id }
    expect(await refusal(theirs.voices.create.mutate(stolen))).toMatchObject({ reason: 'sample_not_found' })
    expect(await refusal(theirs.generations.create.mutate({ text: 'Hi.', voiceId: voice.id }))).toMatchObject({
      reason: 'voice_not_found',
    })
    for (const as of [{ authorization: `Bearer ${bob.key}` }, {}]) {
      const status = 'authorization' in as ? 404 : 401
      expect((await get(voice.previewUrl ?? '', as)).status).toBe(status)
      expect((await get(`/api/v1/samples/${sample.id}/audio`, as)).status).toBe(status)
    }
  })

  test('is silent within a second of its consent’s end, charges nothing more, and its recording is gone', async () => {
    const user = await loqui.user()
    const { api, sample, consent, voice } = await clone(user)
    const { url } = await api.samples.link.mutate({ id: sample.id })
    expect((await get(url)).status).toBe(200)
    const text = 'One sentence follows another, and none of them is the last. '.repeat(300)
    const { id } = await api.generations.create.mutate({ text, voiceId: voice.id, format: 'wav' })
    await eventually(async () => (await api.generations.get.query({ id })).segments.done).toBeGreaterThan(2)

    await api.consents.revoke.mutate({ id: consent.id })
    const canceled = await api.generations.get.query({ id })
    expect(canceled).toMatchObject({ state: 'canceled', chargedMs: 0 })
    expect(await api.usage.current.query()).toMatchObject({ usedMs: 0, reservedMs: 0 })
    expect(await refusal(api.generations.create.mutate({ text: 'Once more.', voiceId: voice.id }))).toMatchObject({
      reason: 'consent_required',
      status: 403,
    })
    expect(await refusal(api.samples.get.query({ id: sample.id }))).toMatchObject({ reason: 'sample_not_found' })
    expect((await get(url)).status).toBe(404)
    // The workers' sweep comes every ten seconds.
    await eventually(
      async () => (await Array.fromAsync(loqui.storage.list(`samples/${sample.id.slice(4)}/`))).length,
      30_000,
    ).toBe(0)
  })

  test('was consented to from somewhere, by some program', async () => {
    const user = await loqui.user()
    const { consent, api } = await clone(user)
    const row = await loqui.db
      .selectFrom('consent')
      .selectAll()
      .where('id', '=', consent.id.slice(4))
      .executeTakeFirstOrThrow()
    expect(row).toMatchObject({
      speaker: 'other',
      locale: 'en',
      address: expect.stringMatching(/127\.0\.0\.1|::1/),
      user_agent: 'a recorder',
      key_id: user.keyId.slice(4),
    })
    expect((await api.consents.list.query()).items).toEqual([consent])
  })
})

describe('a preset’s preview', () => {
  test('is heard by everybody, and kept by whoever asked for it by its version', async () => {
    const api = client(loqui.url, await loqui.user())
    const { items } = await api.voices.list.query({ kind: 'preset' })
    const url = String(items[0]?.previewUrl)
    const response = await get(url)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'audio/mpeg',
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
    })
    const { durationMs } = await decodeAudio(new Uint8Array(await response.arrayBuffer()), 'mp3')
    expect(durationMs).toBeGreaterThan(2_000)
    const other = await get(url.replace(/v=.*/, 'v=another'))
    expect(other.headers.get('cache-control')).toBe('no-cache')
    const etag = String(response.headers.get('etag'))
    expect((await get(url, { 'if-none-match': etag })).status).toBe(304)
    expect((await get(url, { range: 'bytes=0-99' })).status).toBe(206)
  })

  test.each([
    ['of a voice that never was', '/api/v1/voices/voi_0197a5e2-7c1b-7def-8a2b-0123456789ab/preview', 401],
    ['of what is no voice', '/api/v1/voices/alloy/preview', 400],
  ])('%s is none', async (_, path, status) => {
    expect((await get(path)).status).toBe(status)
  })
})
