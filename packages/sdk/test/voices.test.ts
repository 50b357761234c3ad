import { startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'
import { ConflictError, InvalidInputError, Loqui, NotFoundError, PermissionDeniedError } from '../src/index.ts'

const server = await startLoqui()
const connect = async () => new Loqui({ baseUrl: server.url, apiKey: (await server.user()).key })

const maker = await connect()
const spoken = await maker.speak({
  text: 'This is how I speak when nobody listens, neither fast nor slow.',
  voiceId: 'stella',
  format: 'wav',
})
const recording = new Blob([await spoken.arrayBuffer()])

/** A client of somebody new, with a sample and a consent that covers it. */
async function consented() {
  const loqui = await connect()
  const sample = await loqui.samples.upload(recording, { name: 'Ada' })
  const { nonce, locale, version, text, phrase } = await loqui.consents.statement({ locale: 'de-CH' })
  const consent = await loqui.consents.create({
    sampleIds: [sample.id],
    speaker: 'self',
    speakerName: 'Ada Lovelace',
    nonce,
    locale,
    statementVersion: version,
    accepted: true,
  })
  expect(consent).toMatchObject({ locale: 'de', statement: `${text}\n\n${phrase}`, sampleIds: [sample.id] })
  return { loqui, sample, consent }
}

test('a voice is made from a sample by its consent, speaks, and says that it is a preview', async () => {
  const { loqui, sample, consent } = await consented()
  expect(await loqui.samples.get(sample.id)).toEqual({ ...sample, consentId: consent.id })
  const voice = await loqui.voices.create({ name: 'Mine', sampleIds: [sample.id], consentId: consent.id })
  expect(voice).toMatchObject({ kind: 'cloned', fidelity: 'preview', available: true, sampleIds: [sample.id] })
  expect((await loqui.voices.list({ kind: 'cloned' })).items).toEqual([voice])

  const changed = await loqui.voices.update({ id: voice.id, aliases: ['narrator'], settings: { speed: 1.5 } })
  expect(await loqui.voices.get(voice.id)).toEqual(changed)
  expect((await loqui.voices.list({ search: 'narr' })).items).toEqual([changed])
  const { generation } = await loqui.speak({ text: 'Hello.', voiceId: 'narrator' })
  expect(generation).toMatchObject({ voiceId: voice.id, settings: { speed: 1.5 } })
  expect((await (await fetch(new URL(voice.previewUrl ?? '', server.url))).json()).reason).toBe('unauthenticated')

  await loqui.voices.delete(voice.id)
  await expect(loqui.voices.get(voice.id)).rejects.toBeInstanceOf(NotFoundError)
})

test('a consent that is revoked ends its voice, and takes the sample with it', async () => {
  const { loqui, sample, consent } = await consented()
  const voice = await loqui.voices.create({ name: 'Mine', sampleIds: [sample.id], consentId: consent.id })
  expect((await loqui.consents.list({ live: true })).items).toEqual([consent])
  const revoked = await loqui.consents.revoke(consent.id)
  expect(revoked).toEqual({ ...consent, revokedAt: expect.any(String) })
  expect(await loqui.consents.get(consent.id)).toEqual(revoked)
  expect((await loqui.consents.list({ live: true })).items).toEqual([])
  expect(await loqui.voices.get(voice.id)).toMatchObject({ available: false, unavailable: 'consent_revoked' })
  expect((await loqui.voices.list({ available: false })).items).toHaveLength(1)
  const speaking = loqui.speak({ text: 'Hello.', voiceId: voice.id })
  await expect(speaking).rejects.toBeInstanceOf(PermissionDeniedError)
  await expect(speaking).rejects.toMatchObject({ reason: 'consent_required' })
  await expect(loqui.samples.get(sample.id)).rejects.toBeInstanceOf(NotFoundError)
})

test('what is refused is of a class, with its reason', async () => {
  const { loqui, sample, consent } = await consented()
  const create = (input: object) => loqui.voices.create({ name: 'Mine', sampleIds: [sample.id], ...input })
  await expect(create({})).rejects.toMatchObject({ name: 'PermissionDeniedError', reason: 'consent_required' })
  await create({ consentId: consent.id, aliases: ['me'] })
  await expect(create({ consentId: consent.id, aliases: ['me'] })).rejects.toBeInstanceOf(ConflictError)
  const [preset] = (await loqui.voices.list({ kind: 'preset' })).items
  if (!preset) throw new Error('there is no preset')
  await expect(loqui.voices.delete(preset.id)).rejects.toMatchObject({ reason: 'forbidden' })
  await expect(loqui.consents.statement({ locale: 'ja' })).rejects.toBeInstanceOf(InvalidInputError)
  await expect(loqui.consents.get(`con_${crypto.randomUUID()}`)).rejects.toMatchObject({ reason: 'consent_not_found' })
})

test('audio is linked and fetched as it is asked for', async () => {
  const { id } = spoken.generation
  const asked = { format: 'wav', sampleRate: 8000, loudness: null } as const
  const fetched = Buffer.from(await (await maker.generations.audio(id, asked)).arrayBuffer())
  expect(fetched.readUInt32LE(24)).toBe(8000)
  const { url } = await maker.generations.link(id, { ...asked, download: true })
  const linked = await fetch(url)
  expect(linked.headers.get('content-disposition')).toMatch(/^attachment; filename="loqui-.*\.wav"$/)
  expect(Buffer.from(await linked.arrayBuffer()).equals(fetched)).toBe(true)
  await expect(maker.generations.audio(id, { format: 'mp3', bitRate: 7 })).rejects.toBeInstanceOf(InvalidInputError)
})
