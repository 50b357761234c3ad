import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { deleteSample } from '../samples/delete.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { giveConsent, giveSample } from '../testing/samples.ts'
import { createConsent, createConsentInput } from './create.ts'
import { getConsent } from './get.ts'
import { listConsents, listConsentsInput } from './list.ts'
import { mintNonce, nonceMs } from './nonce.ts'
import { revokeConsent } from './revoke.ts'
import { consentStatement, consentStatementInput } from './statement.ts'
import { consentLocales, consentVersions, currentVersion, findStatement } from './statements.ts'

const core = await testCore([createToneEngine()])
const { services } = core
const { db } = services
const ada = await core.user()
const bob = await core.user()

const statement = (input: object = {}, as = ada.as) => consentStatement(as, consentStatementInput.parse(input))
const origin = { address: '192.0.2.7', userAgent: 'A browser' }

/** All that a consent of Ada's needs, of which a test changes something. */
async function complete(input: object = {}) {
  const { nonce, locale, version } = statement()
  return {
    sampleIds: [await giveSample(db, ada.id)],
    speaker: 'self',
    speakerName: 'Ada',
    nonce,
    locale,
    statementVersion: version,
    accepted: true,
    ...input,
  }
}
const create = (input: object, as = ada.as) => createConsent(as, createConsentInput.parse(input), origin)
const consents = () => db.selectFrom('consent').selectAll().execute()

/** The field that a consent with this in it is refused for, after which there is none. */
async function refusedField(input: object): Promise<string | undefined> {
  const before = await consents()
  const { reason, message, issues } = await refusal(create(await complete(input)))
  expect(await consents()).toEqual(before)
  expect(['invalid_input', 'sample_not_found']).toContain(reason)
  return issues[0]?.field ?? message.split(':')[0]
}

describe('what is stated', () => {
  test.each(consentLocales)('is written in %s, with words that are made anew each time', (locale) => {
    const { text, phrase, version } = statement({ locale })
    expect(version).toBe(currentVersion)
    expect(text.length).toBeGreaterThan(600)
    const words = findStatement(currentVersion, locale)?.words ?? []
    expect(new Set(words).size).toBe(32)
    const spoken = /: (.*)\.$/.exec(phrase)?.[1]?.split(', ') ?? []
    expect(spoken).toHaveLength(5)
    for (const word of spoken) expect(words).toContain(word)
    expect(statement({ locale }).phrase).not.toBe(phrase)
    expect(statement({ locale }).text).toBe(text)
  })

  test('is given in the language of a country’s', () => {
    expect(statement({ locale: 'de-AT' })).toMatchObject({ locale: 'de' })
    expect(statement({ locale: 'PT' })).toMatchObject({ locale: 'pt' })
    expect(statement()).toMatchObject({ locale: 'en' })
  })

  test.each(['ja', '', 'english', 'e', '../en', '__proto__'])('is not given in %j', (locale) => {
    expect(() => statement({ locale })).toThrow(expect.objectContaining({ reason: 'invalid_input' }))
  })

  test('has versions that are days, in their order', () => {
    for (const version of consentVersions) expect(version).toMatch(/^\d{4}-\d\d-\d\d$/)
    expect(consentVersions).toEqual(consentVersions.toSorted())
  })
})

describe('a consent', () => {
  test('says what was stated, of which samples, by whom, when and from where', async () => {
    const as = await ada.withKey()
    const { text, phrase, nonce, version } = statement({ locale: 'fr' }, as)
    const input = await complete({ nonce, locale: 'fr', statementVersion: version, expiresInDays: 30 })
    const consent = await create(input, as)
    expect(consent).toEqual({
      id: expect.stringMatching(/^con_/),
      speaker: 'self',
      speakerName: 'Ada',
      statement: `${text}\n\n${phrase}`,
      statementVersion: version,
      locale: 'fr',
      sampleIds: input.sampleIds,
      recordingId: null,
      createdAt: expect.any(String),
      expiresAt: expect.any(String),
      revokedAt: null,
    })
    const days = (Date.parse(consent.expiresAt ?? '') - Date.parse(consent.createdAt)) / 86_400_000
    expect(days).toBeCloseTo(30, 1)
    const row = await db.selectFrom('consent').selectAll().where('id', '=', rowId(consent.id)).executeTakeFirstOrThrow()
    expect(row).toMatchObject({
      user_id: ada.id,
      key_id: as.actor.kind === 'key' ? as.actor.keyId : '',
      address: '192.0.2.7',
      user_agent: 'A browser',
      nonce,
    })
    const covered = await db.selectFrom('consent_sample').selectAll().where('consent_id', '=', row.id).execute()
    const samples = await db.selectFrom('sample').selectAll().where('id', '=', rowId(input.sampleIds[0]!)).execute()
    expect(covered.map((each) => each.audio_sha256)).toEqual(samples.map((each) => each.audio_sha256))
  })

  test('is not there without acceptance', () => {
    for (const accepted of [false, 'true', 1, undefined]) {
      const { error } = createConsentInput.safeParse({ accepted })
      expect(error?.issues.some(({ path, message }) => path[0] === 'accepted' && /must be true/.test(message))).toBe(
        true,
      )
    }
  })

  test('needs a nonce that was made for this user, version and language, whole and not yet expired', async () => {
    const purpose = { userId: ada.id, version: currentVersion, locale: 'en' }
    const { nonce } = statement()
    const broken = [
      '',
      'x',
      nonce.slice(1),
      nonce.slice(0, -1),
      `${nonce}A`,
      nonce.replace(/^./, (first) => (first === '1' ? '2' : '1')),
      nonce.replace(/\.(.)/, (_, first) => `.${first === 'A' ? 'B' : 'A'}`),
      statement({}, bob.as).nonce,
      statement({ locale: 'de' }).nonce,
      mintNonce(services.secret, { ...purpose, version: '2020-01-01' }).text,
      mintNonce(Buffer.from('another secret'), purpose).text,
      mintNonce(services.secret, purpose, Date.now() - nonceMs - 1).text,
    ]
    for (const nonce of broken) expect(await refusedField({ nonce }), nonce).toBe('nonce')
    expect(
      await create(await complete({ nonce: mintNonce(services.secret, purpose, Date.now() - nonceMs + 60_000).text })),
    ).toBeTruthy()
  })

  test('needs a version and a language that there are', async () => {
    expect(await refusedField({ statementVersion: '2020-01-01' })).toBe('statementVersion')
    expect(createConsentInput.safeParse(await complete({ locale: 'ja' })).success).toBe(false)
  })

  test('uses its nonce up, however many come at once', async () => {
    const input = await complete()
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => create(input)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await refusedField({ nonce: input.nonce })).toBe('nonce')
  })

  test('covers samples of a voice that are there and the user’s own', async () => {
    const [foreign, recording, deleted] = [
      await giveSample(db, bob.id),
      await giveSample(db, ada.id, { purpose: 'consent' }),
      await giveSample(db, ada.id),
    ]
    await deleteSample(ada.as, { id: rowId(deleted) })
    const own = await giveSample(db, ada.id)
    for (const id of [foreign, recording, deleted])
      expect(await refusedField({ sampleIds: [own, id] })).toBe('sampleIds')
    for (const sampleIds of [[], [own, own], Array.from({ length: 26 }, () => own)]) {
      expect(createConsentInput.safeParse(await complete({ sampleIds })).success).toBe(false)
    }
  })

  test('may have a recording of the phrase: the user’s own, made for it, long enough, and of no other consent', async () => {
    const record = (input: object = {}, id = ada.id) => giveSample(db, id, { purpose: 'consent', ...input })
    const [voice, foreign, short, old] = [
      await giveSample(db, ada.id),
      await record({}, bob.id),
      await record({ speechMs: 2_000 }),
      await record(),
    ]
    await sql`update sample set created_at = created_at - interval '2 minutes' where id = ${rowId(old)}`.execute(db)
    for (const recordingId of [voice, foreign, short, old]) {
      expect(await refusedField({ recordingId })).toBe('recordingId')
    }
    const recordingId = await record()
    const consent = await create(await complete({ recordingId }))
    expect(consent.recordingId).toBe(recordingId)
    expect(await refusedField({ recordingId })).toBe('recordingId')
  })

  test('can neither be changed nor taken back but by being revoked', async () => {
    const id = rowId(await giveConsent(ada.as, [await giveSample(db, ada.id)]))
    for (const change of [sql`statement = ''`, sql`address = ''`, sql`expires_at = now()`, sql`user_id = ${bob.id}`]) {
      await expect(sql`update consent set ${change} where id = ${id}`.execute(db)).rejects.toThrow(
        /may only be revoked/,
      )
    }
    await expect(sql`update consent_sample set audio_sha256 = '' where consent_id = ${id}`.execute(db)).rejects.toThrow(
      /final/,
    )
    const { revokedAt } = await revokeConsent(ada.as, { id })
    expect(revokedAt).not.toBeNull()
    await expect(sql`update consent set revoked_at = null where id = ${id}`.execute(db)).rejects.toThrow()
    expect((await revokeConsent(ada.as, { id })).revokedAt).toBe(revokedAt)
  })

  test('is seen and revoked by its user alone, who may', async () => {
    const id = rowId(await giveConsent(ada.as, [await giveSample(db, ada.id)]))
    for (const verb of [getConsent, revokeConsent]) {
      expect(await refusal(verb(bob.as, { id }))).toMatchObject({ reason: 'consent_not_found' })
      expect(await refusal(verb(await ada.withKey(['voices:write']), { id }))).toMatchObject({
        reason: 'scope_missing',
      })
    }
    expect(await getConsent(ada.as, { id })).toMatchObject({ revokedAt: null })
  })

  test('is listed newest first, page by page, with those that ended unless only others are asked for', async () => {
    const { id: userId, as } = await core.user()
    const ids: string[] = []
    for (let count = 0; count < 5; count++) ids.push(await giveConsent(as, [await giveSample(db, userId)]))
    await revokeConsent(as, { id: rowId(ids[1]!) })
    const list = async (input: object = {}) => listConsents(as, listConsentsInput.parse(input))
    const first = await list({ limit: 3 })
    const second = await list({ limit: 3, cursor: first.nextCursor })
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.toReversed())
    expect(second.nextCursor).toBeNull()
    expect((await list({ live: false })).items.map(({ id }) => id)).toEqual([ids[1]])
    expect((await list({ live: true })).items).toHaveLength(4)
  })
})
