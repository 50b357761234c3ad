import { listProcedures } from '@loqui/api/testing'
import { type Scope, scopes } from '@loqui/core/actor'
import { giveSample } from '@loqui/core/testing/samples'
import { createTRPCUntypedClient, createWSClient, httpLink, splitLink, TRPCClientError, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { client, startLoqui, type TestUser } from './testing.ts'

// No worker: generations stay as they were made.
const loqui = await startLoqui({ workers: 0 })
const closing: (() => Promise<void>)[] = []
afterAll(() => Promise.all(closing.map((close) => close())))

const [ada, bob] = [await loqui.user(), await loqui.user()]
const admin = await loqui.user({ role: 'admin' })
const [voice] = (await client(loqui.url, bob).voices.list.query()).items
const voiceId = String(voice?.id)
const create = (user: TestUser) => client(loqui.url, user).generations.create.mutate({ text: 'Hello.', voiceId })
const [adas, bobs] = [await create(ada), await create(bob)]
// A second page begins after it, so that a cursor of it is one that Bob was given.
await create(bob)
const cursor = String((await client(loqui.url, bob).generations.list.query({ limit: 1 })).nextCursor)
const keyCursor = Buffer.from(`1.${bob.keyId.replace('key_', '')}`).toString('base64url')

/** How each of them wants a word to be said. */
const [adasPronunciation, bobsPronunciation] = await Promise.all(
  [ada, bob].map(async (user) => {
    const { id } = await client(loqui.url, user).pronunciations.create.mutate({ phrase: 'SQL', replacement: 'sequel' })
    return id
  }),
)

/** A voice of somebody's own, with what it was made of. */
async function makeVoice(user: TestUser) {
  const api = client(loqui.url, user)
  const sampleId = await giveSample(loqui.db, user.id.replace('usr_', ''))
  const { nonce, locale, version } = await api.consents.statement.query()
  const stated = { nonce, locale, statementVersion: version, accepted: true } as const
  const speaker = { speaker: 'self', speakerName: 'Somebody' } as const
  const { id: consentId } = await api.consents.create.mutate({ sampleIds: [sampleId], ...speaker, ...stated })
  const { id } = await api.voices.create.mutate({ name: 'Own', sampleIds: [sampleId], consentId })
  return { id, sampleId, consentId }
}
const [adasVoice, bobsVoice] = [await makeVoice(ada), await makeVoice(bob)]
/** What Ada would state. */
const adasWords = await client(loqui.url, ada).consents.statement.query()
const adasConsent = {
  ...{ speaker: 'self', speakerName: 'Ada', nonce: adasWords.nonce, locale: adasWords.locale },
  ...{ statementVersion: adasWords.version, accepted: true },
}
const adasSample = await giveSample(loqui.db, ada.id.replace('usr_', ''))

/** What a call came to: `ok` or the reason it was refused. Of a subscription, its first event or its end. */
type Caller = (path: string, input: unknown) => Promise<{ outcome: string; status: number; answer: unknown }>

function callerOf(user: TestUser | undefined): Caller {
  const socket = createWSClient({
    url: `${loqui.url.replace('http', 'ws')}/trpc`,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    ...(user && { connectionParams: () => ({ token: user.key }) }),
    lazy: { enabled: true, closeMs: 0 },
  })
  closing.push(() => socket.close())
  const calls = createTRPCUntypedClient({
    links: [
      splitLink({
        condition: (op) => op.type === 'subscription',
        true: wsLink({ client: socket, transformer: superjson }),
        false: httpLink({
          url: `${loqui.url}/trpc`,
          transformer: superjson,
          headers: user ? { authorization: `Bearer ${user.key}` } : {},
        }),
      }),
    ],
  })
  const types = new Map(listProcedures().map(({ path, type }) => [path, type]))
  return async (path, input) => {
    try {
      const type = types.get(path)
      if (type === 'query') return { outcome: 'ok', status: 200, answer: await calls.query(path, input) }
      if (type === 'mutation') return { outcome: 'ok', status: 200, answer: await calls.mutation(path, input) }
      return { outcome: 'ok', status: 200, answer: await firstEvent(calls, path, input) }
    } catch (error) {
      if (!(error instanceof TRPCClientError) || !error.data) throw error
      return { outcome: error.data.reason, status: error.data.httpStatus, answer: error.data }
    }
  }
}

function firstEvent(calls: ReturnType<typeof createTRPCUntypedClient>, path: string, input: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const subscription = calls.subscription(path, input, {
      onData(event) {
        resolve(event)
        subscription.unsubscribe()
      },
      onError: reject,
      onComplete: () => resolve(null),
    })
  })
}

const asAda = callerOf(ada)
const asBob = callerOf(bob)

/** Every field that names a thing, with a thing of Bob's, and what Ada is told. */
const foreign: Record<string, { input: Record<string, unknown>; outcome: string; status?: number }> = {
  'admin.budgets.list cursor': { input: { cursor }, outcome: 'forbidden', status: 403 },
  'admin.budgets.set userId': {
    input: { userId: bob.id, alertMicros: null, limitMicros: 0 },
    outcome: 'forbidden',
    status: 403,
  },
  'admin.plans.upsert id': { input: { ...plan('free') }, outcome: 'forbidden', status: 403 },
  'admin.quota.adjust userId': {
    input: { userId: bob.id, ms: -1, note: 'Mine.' },
    outcome: 'forbidden',
    status: 403,
  },
  'admin.quota.entries cursor': { input: { userId: ada.id, cursor }, outcome: 'forbidden', status: 403 },
  'admin.quota.entries userId': { input: { userId: bob.id }, outcome: 'forbidden', status: 403 },
  'admin.quota.refund generationId': {
    input: { generationId: bobs.id, note: 'Mine.' },
    outcome: 'forbidden',
    status: 403,
  },
  'admin.users.get id': { input: { id: bob.id }, outcome: 'forbidden', status: 403 },
  'admin.users.list cursor': { input: { cursor }, outcome: 'forbidden', status: 403 },
  'admin.users.update id': { input: { id: bob.id, role: 'admin' }, outcome: 'forbidden', status: 403 },
  'admin.users.update planId': { input: { id: ada.id, planId: 'unlimited' }, outcome: 'forbidden', status: 403 },
  'consents.create recordingId': {
    input: { ...adasConsent, sampleIds: [adasSample], recordingId: bobsVoice.sampleId },
    outcome: 'sample_not_found',
  },
  'consents.create sampleIds': {
    input: { ...adasConsent, sampleIds: [bobsVoice.sampleId] },
    outcome: 'sample_not_found',
  },
  'consents.get id': { input: { id: bobsVoice.consentId }, outcome: 'consent_not_found' },
  'consents.revoke id': { input: { id: bobsVoice.consentId }, outcome: 'consent_not_found' },
  'generations.cancel id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.create fallbackVoiceId': {
    input: { text: 'Hi.', voiceId, fallbackVoiceId: bobsVoice.id },
    outcome: 'voice_not_found',
  },
  'generations.estimate fallbackVoiceId': {
    input: { text: 'Hi.', voiceId, fallbackVoiceId: bobsVoice.id },
    outcome: 'voice_not_found',
  },
  'generations.delete id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.get id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.link id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.retake id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.segments cursor': {
    input: { id: bobs.id, cursor: Buffer.from('2.0').toString('base64url') },
    outcome: 'generation_not_found',
  },
  'generations.segments id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.status id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.watch id': { input: { id: bobs.id }, outcome: 'generation_not_found' },
  'keys.revoke id': { input: { id: bob.keyId }, outcome: 'key_not_found' },
  'pronunciations.create voiceId': {
    input: { phrase: 'Bob', replacement: 'Robert', voiceId: bobsVoice.id },
    outcome: 'voice_not_found',
  },
  'pronunciations.delete id': { input: { id: bobsPronunciation }, outcome: 'pronunciation_not_found' },
  'pronunciations.update id': { input: { id: bobsPronunciation, phrase: 'Mine' }, outcome: 'pronunciation_not_found' },
  'pronunciations.update voiceId': {
    input: { id: adasPronunciation, voiceId: bobsVoice.id },
    outcome: 'voice_not_found',
  },
  'samples.delete id': { input: { id: bobsVoice.sampleId }, outcome: 'sample_not_found' },
  'samples.get id': { input: { id: bobsVoice.sampleId }, outcome: 'sample_not_found' },
  'samples.link id': { input: { id: bobsVoice.sampleId }, outcome: 'sample_not_found' },
  'samples.rename id': { input: { id: bobsVoice.sampleId, name: 'Mine' }, outcome: 'sample_not_found' },
  'voices.create consentId': {
    input: { name: 'Mine', sampleIds: [adasSample], consentId: bobsVoice.consentId },
    outcome: 'consent_required',
    status: 403,
  },
  'voices.create fallbackVoiceId': {
    input: {
      ...{ name: 'Mine', sampleIds: [adasVoice.sampleId], consentId: adasVoice.consentId },
      fallbackVoiceId: bobsVoice.id,
    },
    outcome: 'voice_not_found',
  },
  'voices.create sampleIds': {
    input: { name: 'Mine', sampleIds: [bobsVoice.sampleId], consentId: bobsVoice.consentId },
    outcome: 'sample_not_found',
  },
  'voices.delete id': { input: { id: bobsVoice.id }, outcome: 'voice_not_found' },
  'voices.update fallbackVoiceId': {
    input: { id: adasVoice.id, fallbackVoiceId: bobsVoice.id },
    outcome: 'voice_not_found',
  },
  'voices.update id': { input: { id: bobsVoice.id, name: 'Mine' }, outcome: 'voice_not_found' },
}

/** Fields that name something of everyone's, or a place from which Ada sees only what is hers. */
const shared: Record<string, (caller: Caller) => Promise<void>> = {
  'events lastEventId': async (caller) => {
    const { answer } = await caller('events', { lastEventId: '0' })
    expect(answer).toMatchObject({ data: { generationId: adas.id } })
  },
  'usage.watch lastEventId': async (caller) => {
    const { answer } = await caller('usage.watch', { lastEventId: '0' })
    expect(answer).toMatchObject({ data: { usage: await client(loqui.url, ada).usage.current.query() } })
  },
  'library.watch lastEventId': async (caller) => {
    const { answer } = await caller('library.watch', { lastEventId: '0' })
    expect(answer).toMatchObject({ data: { subjectId: adasVoice.id } })
  },
  'generations.watch lastEventId': async (caller) => {
    const { answer } = await caller('generations.watch', { id: adas.id, lastEventId: '0' })
    expect(answer).toMatchObject({ data: { generationId: adas.id } })
  },
  'generations.list cursor': async (caller) => {
    const { answer } = await caller('generations.list', { cursor })
    expect(JSON.stringify(answer)).not.toContain(bobs.id)
  },
  'keys.list cursor': async (caller) => {
    const { answer } = await caller('keys.list', { cursor: keyCursor })
    expect(JSON.stringify(answer)).not.toContain(bob.keyId)
  },
  'voices.list cursor': async (caller) => {
    const { outcome, answer } = await caller('voices.list', { cursor })
    expect(outcome).toBe('ok')
    expect(JSON.stringify(answer)).not.toContain(bobsVoice.id)
  },
  'voices.get id': async (caller) => {
    expect((await caller('voices.get', { id: voiceId })).outcome).toBe('ok')
    expect((await caller('voices.get', { id: bobsVoice.id })).outcome).toBe('voice_not_found')
  },
  'generations.estimate voiceId': async (caller) => {
    expect((await caller('generations.estimate', { voiceId, text: 'Hi.' })).outcome).toBe('ok')
    expect((await caller('generations.estimate', { voiceId: bobsVoice.id, text: 'Hi.' })).outcome).toBe(
      'voice_not_found',
    )
  },
  'generations.create voiceId': async (caller) => {
    expect((await caller('generations.create', { voiceId, text: 'Hi.' })).outcome).toBe('ok')
    expect((await caller('generations.create', { voiceId: bobsVoice.id, text: 'Hi.' })).outcome).toBe('voice_not_found')
  },
  'consents.list cursor': async (caller) => {
    const { answer } = await caller('consents.list', { cursor })
    expect(JSON.stringify(answer)).not.toContain(bobsVoice.consentId)
  },
  'pronunciations.list cursor': async (caller) => {
    const { outcome, answer } = await caller('pronunciations.list', { cursor })
    expect(outcome).toBe('ok')
    expect(JSON.stringify(answer)).not.toContain(bobsPronunciation)
  },
  'samples.list cursor': async (caller) => {
    const { answer } = await caller('samples.list', { cursor })
    expect(JSON.stringify(answer)).not.toContain(bobsVoice.sampleId)
  },
}

function plan(id: string) {
  return {
    id,
    name: 'Taken over',
    secondsPerMonth: 1_000_000,
    requestsPerMinute: 1_000,
    concurrency: 100,
    storageBytes: 1_000_000,
    maxCharacters: 1_000_000,
  }
}

test('every field of the router that names a thing is tried with a thing of somebody else', () => {
  const naming = listProcedures().flatMap(({ path, fields }) =>
    fields.filter((field) => /^(id|ids|cursor)$|Ids?$/.test(field)).map((field) => `${path} ${field}`),
  )
  expect([...Object.keys(foreign), ...Object.keys(shared)].toSorted()).toEqual(naming.toSorted())
})

test.each(Object.entries(foreign))('%s of somebody else is refused as if it were not there', async (field, row) => {
  const before = await everythingOfBob()
  const path = String(field.split(' ')[0])
  const { outcome, status, answer } = await asAda(path, row.input)
  expect({ outcome, status }).toEqual({ outcome: row.outcome, status: row.status ?? 404 })
  expect(JSON.stringify(answer)).not.toContain(bob.email)
  expect(await everythingOfBob()).toEqual(before)
})

test.each(Object.entries(shared))('%s shows nothing of somebody else', async (_field, check) => {
  await check(asAda)
})

test('a thing that is not there is refused in the same words as one that is somebody else’s', async () => {
  const unknown = 'gen_00000000-0000-7000-8000-000000000000'
  for (const path of ['generations.get', 'generations.status', 'generations.cancel', 'generations.delete']) {
    const [theirs, nobodys] = await Promise.all([asAda(path, { id: bobs.id }), asAda(path, { id: unknown })])
    expect(theirs.answer).toEqual({ ...Object(nobodys.answer), requestId: Object(theirs.answer).requestId })
  }
})

test('the audio of somebody else is not there either', async () => {
  const response = await fetch(`${loqui.url}/api/v1/generations/${bobs.id}/audio`, {
    headers: { authorization: `Bearer ${ada.key}` },
  })
  expect(response.status).toBe(404)
  expect((await response.json()).reason).toBe('generation_not_found')
})

test('an idempotency key of somebody else means nothing', async () => {
  const answers = await Promise.all(
    [ada, bob].map(async ({ key }) => {
      const response = await fetch(`${loqui.url}/trpc/generations.create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'idempotency-key': 'the same' },
        body: JSON.stringify({ json: { text: 'Hello.', voiceId } }),
      })
      return (await response.json()).result.data.json.id
    }),
  )
  expect(answers[0]).not.toBe(answers[1])
})

async function everythingOfBob() {
  const { db } = loqui
  const id = bob.id.replace('usr_', '')
  return Promise.all([
    db.selectFrom('account').selectAll().where('id', '=', id).execute(),
    db.selectFrom('api_key').select(['id', 'revoked_at', 'scopes']).where('user_id', '=', id).execute(),
    db.selectFrom('generation').selectAll().where('user_id', '=', id).orderBy('id').execute(),
    db.selectFrom('event').selectAll().where('user_id', '=', id).orderBy('seq').execute(),
    db.selectFrom('plan').selectAll().orderBy('id').execute(),
    db.selectFrom('quota_account').selectAll().where('user_id', '=', id).execute(),
    db.selectFrom('quota_entry').selectAll().where('user_id', '=', id).orderBy('id').execute(),
    db.selectFrom('budget').selectAll().execute(),
    db.selectFrom('sample').selectAll().where('user_id', '=', id).execute(),
    db.selectFrom('pronunciation').selectAll().where('user_id', '=', id).execute(),
    db.selectFrom('consent').selectAll().where('user_id', '=', id).execute(),
    db.selectFrom('voice').selectAll().where('user_id', '=', id).execute(),
  ])
}

/** What each procedure asks of who calls it, and a call of it that does no harm. */
const needs: Record<string, { scope: Scope | 'anyone' | 'any key'; input?: unknown; outcome?: string }> = {
  'admin.budgets.list': { scope: 'admin' },
  'admin.budgets.set': { scope: 'admin', input: { userId: ada.id, alertMicros: null, limitMicros: null } },
  'admin.costs': { scope: 'admin' },
  'admin.plans.list': { scope: 'admin' },
  'admin.plans.upsert': { scope: 'admin', input: plan('scoped') },
  'admin.quota.adjust': { scope: 'admin', input: { userId: ada.id, ms: 1, note: 'A gift.' } },
  'admin.quota.entries': { scope: 'admin', input: { userId: ada.id } },
  'admin.quota.refund': {
    scope: 'admin',
    input: { generationId: bobs.id, note: 'Sorry.' },
    outcome: 'refund_not_possible',
  },
  'admin.users.get': { scope: 'admin', input: { id: ada.id } },
  'admin.users.list': { scope: 'admin' },
  'admin.users.update': { scope: 'admin', input: { id: ada.id } },
  'auth.login': {
    scope: 'anyone',
    input: { email: 'nobody@example.com', password: 'x' },
    outcome: 'wrong_credentials',
  },
  'auth.logout': { scope: 'any key' },
  'auth.me': { scope: 'any key' },
  'auth.register': { scope: 'anyone', input: { email: ada.email, password: 'long enough' }, outcome: 'email_taken' },
  'consents.create': {
    scope: 'consents:write',
    input: { ...adasConsent, nonce: 'another', sampleIds: [adasSample] },
    outcome: 'invalid_input',
  },
  'consents.get': { scope: 'consents:read', input: { id: bobsVoice.consentId }, outcome: 'consent_not_found' },
  'consents.list': { scope: 'consents:read' },
  'consents.revoke': { scope: 'consents:write', input: { id: bobsVoice.consentId }, outcome: 'consent_not_found' },
  'consents.statement': { scope: 'consents:write' },
  events: { scope: 'generations:read', input: { lastEventId: '0' } },
  'generations.cancel': { scope: 'generations:write', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.create': {
    scope: 'generations:write',
    input: { text: 'Hello.', voiceId: 'voi_00000000-0000-7000-8000-000000000000' },
    outcome: 'voice_not_found',
  },
  'generations.delete': { scope: 'generations:write', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.estimate': {
    scope: 'generations:write',
    input: { text: 'Hello.', voiceId: 'voi_00000000-0000-7000-8000-000000000000' },
    outcome: 'voice_not_found',
  },
  'generations.get': { scope: 'generations:read', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.link': { scope: 'generations:read', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.list': { scope: 'generations:read' },
  'generations.retake': { scope: 'generations:write', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.segments': { scope: 'generations:read', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.status': { scope: 'generations:read', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'generations.watch': { scope: 'generations:read', input: { id: bobs.id }, outcome: 'generation_not_found' },
  'keys.create': { scope: 'keys:write', input: { name: 'another', scopes: ['keys:write'] } },
  'keys.list': { scope: 'keys:read' },
  'keys.revoke': { scope: 'keys:write', input: { id: bob.keyId }, outcome: 'key_not_found' },
  // And samples:read: with one of the two it is refused.
  'library.watch': { scope: 'voices:read', input: { lastEventId: '0' }, outcome: 'scope_missing' },
  'monitoring.engines': { scope: 'admin' },
  'plans.list': { scope: 'anyone' },
  'pronunciations.create': { scope: 'voices:write', input: { phrase: 'Ada', replacement: 'Ay-da' } },
  'pronunciations.delete': {
    scope: 'voices:write',
    input: { id: bobsPronunciation },
    outcome: 'pronunciation_not_found',
  },
  'pronunciations.list': { scope: 'voices:read' },
  'pronunciations.update': {
    scope: 'voices:write',
    input: { id: bobsPronunciation },
    outcome: 'pronunciation_not_found',
  },
  'samples.delete': { scope: 'samples:write', input: { id: bobsVoice.sampleId }, outcome: 'sample_not_found' },
  'samples.get': { scope: 'samples:read', input: { id: bobsVoice.sampleId }, outcome: 'sample_not_found' },
  'samples.link': { scope: 'samples:read', input: { id: bobsVoice.sampleId }, outcome: 'sample_not_found' },
  'samples.list': { scope: 'samples:read' },
  'samples.rename': {
    scope: 'samples:write',
    input: { id: bobsVoice.sampleId, name: 'Mine' },
    outcome: 'sample_not_found',
  },
  // A key gives what it has.
  'tokens.create': { scope: 'voices:read', input: { scopes: ['voices:read'] } },
  'usage.current': { scope: 'usage:read' },
  'usage.history': { scope: 'usage:read' },
  'usage.watch': { scope: 'usage:read', input: { lastEventId: '0' } },
  'voices.create': {
    scope: 'voices:write',
    input: { name: 'Mine', sampleIds: [bobsVoice.sampleId] },
    outcome: 'sample_not_found',
  },
  'voices.delete': { scope: 'voices:write', input: { id: bobsVoice.id }, outcome: 'voice_not_found' },
  'voices.get': { scope: 'voices:read', input: { id: voiceId } },
  'voices.list': { scope: 'voices:read' },
  'voices.update': { scope: 'voices:write', input: { id: bobsVoice.id }, outcome: 'voice_not_found' },
}

test('every procedure of the router has its row here', () => {
  expect(Object.keys(needs)).toEqual(listProcedures().map(({ path }) => path))
})

test.each(Object.entries(needs))('%s is for who may, with exactly the scope it needs', async (path, row) => {
  const nobody = await callerOf(undefined)(path, row.input)
  expect(nobody.outcome).toBe(row.scope === 'anyone' ? (row.outcome ?? 'ok') : 'unauthenticated')
  for (const scope of [null, ...scopes]) {
    const { outcome, status } = await (await keyWith(scope))(path, row.input)
    const may = row.scope === 'anyone' || row.scope === 'any key' || row.scope === scope
    expect({ scope, outcome }).toEqual({ scope, outcome: may ? (row.outcome ?? 'ok') : 'scope_missing' })
    if (!may) expect(status).toBe(403)
  }
})

test.each(Object.entries(needs).filter(([, { scope }]) => scope === 'admin'))(
  '%s is refused to everyone who is no administrator, whatever the key says',
  async (path, row) => {
    expect(await asBob(path, row.input)).toMatchObject({ outcome: 'forbidden', status: 403 })
  },
)

test('what an administrator was, a key of theirs is no longer', async () => {
  const former = await loqui.user({ role: 'admin' })
  const asFormer = callerOf(former)
  expect((await asFormer('admin.users.update', { id: ada.id })).outcome).toBe('ok')
  await client(loqui.url, admin).admin.users.update.mutate({ id: former.id, role: 'user' })
  expect((await asFormer('admin.users.update', { id: former.id, role: 'admin' })).outcome).toBe('forbidden')
})

test('a key cannot make a key that may do more than itself', async () => {
  const { key } = await loqui.user({ scopes: ['keys:write', 'voices:read'] })
  const { keys } = client(loqui.url, { authorization: `Bearer ${key}` })
  await expect(keys.create.mutate({ name: 'more', scopes: ['admin'] })).rejects.toMatchObject({
    data: { reason: 'scope_missing' },
  })
  await expect(keys.create.mutate({ name: 'default' })).rejects.toMatchObject({ data: { reason: 'scope_missing' } })
  expect((await keys.create.mutate({ name: 'as much', scopes: ['voices:read'] })).key.scopes).toEqual(['voices:read'])
})

/** An administrator's key with one scope or none; a generation of its owner makes the first event. */
const keyWith = memoize(async (scope: Scope | null): Promise<Caller> => {
  const owner = await loqui.user({ role: 'admin' })
  await create(owner)
  const { keys } = client(loqui.url, owner)
  if (scope !== null) {
    const { secret } = await keys.create.mutate({ name: scope, scopes: [scope] })
    return callerOf({ ...owner, key: secret })
  }
  const { db } = loqui
  await db.updateTable('api_key').set({ scopes: [] }).where('id', '=', owner.keyId.replace('key_', '')).execute()
  return callerOf(owner)
})

function memoize<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>()
  return (key) => {
    const value = made.get(key) ?? make(key)
    made.set(key, value)
    return value
  }
}
