import { listProcedures } from '@loqui/api/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { client, startLoqui } from './testing.ts'

const loqui = await startLoqui({ workers: 0 })
const admin = await loqui.user({ role: 'admin' })
const someone = await loqui.user()
const api = client(loqui.url, admin)
const [voice] = (await api.voices.list.query()).items
const voiceId = String(voice?.id)
const generation = await api.generations.create.mutate({ text: 'Hello.', voiceId })

const stated = await api.consents.statement.query()
const noSample = 'smp_00000000-0000-7000-8000-000000000000'
const noVoice = 'voi_00000000-0000-7000-8000-000000000000'
const noConsent = 'con_00000000-0000-7000-8000-000000000000'
const noGeneration = 'gen_00000000-0000-7000-8000-000000000000'
const noPronunciation = 'pro_00000000-0000-7000-8000-000000000000'
const pronunciation = { phrase: 'Loqui', replacement: 'low key', caseSensitive: true, language: 'en', voiceId: null }
const settings = { speed: 1, pitch: 0 }
const output = { format: 'mp3', sampleRate: 24_000, bitRate: 64, loudness: -16 }

/** Right values of every field, by its name: each hostile value is tried among right ones. */
const right: Record<string, unknown> = {
  'admin.budgets.list': { cursor: null, limit: 1 },
  'admin.budgets.set': { userId: someone.id, alertMicros: 1, limitMicros: 1 },
  'admin.costs': { from: '2026-01-01', to: '2026-01-31', by: 'day', limit: 1 },
  'admin.plans.upsert': {
    id: 'fuzzed',
    name: 'Fuzzed',
    secondsPerMonth: 1,
    requestsPerMinute: 1,
    concurrency: 1,
    storageBytes: 1,
    maxCharacters: 1,
  },
  'admin.quota.adjust': { userId: someone.id, ms: 1, note: 'A' },
  'admin.quota.entries': { userId: someone.id, cursor: null, limit: 1 },
  'admin.quota.refund': { generationId: generation.id, note: 'A' },
  'admin.users.get': { id: someone.id },
  'admin.users.list': { search: 'a', cursor: null, limit: 1 },
  'admin.users.update': { id: someone.id, planId: 'unlimited', role: 'user', disabled: false },
  'auth.login': { email: 'nobody@example.com', password: 'x' },
  'auth.register': { email: admin.email, password: 'long enough', name: 'Ada' },
  'consents.create': {
    sampleIds: [noSample],
    speaker: 'self',
    speakerName: 'Ada',
    nonce: stated.nonce,
    locale: stated.locale,
    statementVersion: stated.version,
    accepted: true,
    recordingId: null,
    expiresInDays: 1,
  },
  'consents.get': { id: noConsent },
  'consents.list': { cursor: null, limit: 1 },
  'consents.revoke': { id: noConsent },
  'consents.statement': { locale: 'en-GB' },
  events: { lastEventId: null },
  'generations.create': { text: 'Hello.', voiceId, ...output, settings: { speed: 1, pitch: 0 }, title: 'A' },
  'generations.estimate': { text: 'Hello.', voiceId, ...output, settings: { speed: 1, pitch: 0 } },
  'generations.link': { id: generation.id, ...output, download: true, expiresInSeconds: 60 },
  'generations.list': { cursor: null, limit: 1, state: 'queued' },
  'generations.retake': { id: noGeneration, segments: [0], seed: 1, settings },
  'generations.segments': { id: generation.id, cursor: null, limit: 1, flawed: false },
  'keys.create': { name: 'fuzzed', scopes: ['voices:read'], expiresInDays: 1, requestsPerMinute: 60 },
  'keys.list': { cursor: null, limit: 1 },
  'keys.revoke': { id: 'key_00000000-0000-7000-8000-000000000000' },
  'library.watch': { lastEventId: null },
  'pronunciations.create': pronunciation,
  'pronunciations.delete': { id: noPronunciation },
  'pronunciations.list': { cursor: null, limit: 1 },
  'pronunciations.update': { id: noPronunciation, ...pronunciation },
  'samples.delete': { id: noSample },
  'samples.get': { id: noSample },
  'samples.link': { id: noSample, download: true, expiresInSeconds: 60 },
  'samples.list': { cursor: null, limit: 1, purpose: 'voice', search: 'a' },
  'samples.rename': { id: noSample, name: 'A' },
  'tokens.create': { scopes: ['voices:read'], expiresInSeconds: 60 },
  'usage.history': { from: '2026-01-01', to: '2026-01-31', by: 'day', limit: 1 },
  'usage.watch': { lastEventId: null },
  'voices.create': {
    sampleIds: [noSample],
    consentId: noConsent,
    engine: 'offline',
    ...{ name: 'A', gender: 'female', language: 'en', description: 'A', settings, labels: { a: 'b' }, aliases: ['a'] },
  },
  'voices.delete': { id: noVoice },
  'voices.get': { id: voiceId },
  'voices.list': {
    ...{ cursor: null, limit: 1, kind: 'preset', gender: 'female', language: 'en' },
    ...{ engine: 'offline', available: true, search: 'a' },
  },
  'voices.update': {
    id: noVoice,
    ...{ name: 'A', gender: 'female', language: 'en', description: 'A', settings, labels: { a: 'b' }, aliases: ['a'] },
  },
}
for (const verb of ['cancel', 'delete', 'get', 'status', 'watch']) {
  right[`generations.${verb}`] = { id: noGeneration }
}

const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    'a\udfffb',
    '\u202egnp.exe',
    '\uffff',
    "'; drop table account; --",
    '%',
    '\\',
    '__proto__',
    '-0',
    '1e400',
    '9'.repeat(30),
    'a'.repeat(70_000),
    '\u0301'.repeat(5_000),
    'gen_00000000-0000-7000-8000-000000000000\n',
    'voi_ffffffff-ffff-ffff-ffff-ffffffffffff',
    Buffer.from('1.00000000-0000-0000-0000-000000000000').toString('base64url'),
    Buffer.from('1.\0').toString('base64url'),
  ),
)
const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -1, 0.5, 2 ** 31, 2 ** 53, 2 ** 53 - 1, -(2 ** 63), 1e308, 5e-324),
)
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: strings },
  { weight: 2, arbitrary: numbers },
  fc.constantFrom(null, true, [], {}, [[]], ['admin', 'admin'], { toString: 1 }, { length: -1 }),
  fc.array(strings, { maxLength: 3 }),
  fc.dictionary(strings, fc.oneof(strings, numbers), { maxKeys: 3 }),
)

/** The paths of all places in a value: `[]` is the value itself. */
function placesOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner).map((place) => [key, ...place]))]
}

function replace(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  return key === undefined ? by : { ...Object(value), [key]: replace(Object(value)[key], rest, by) }
}

test('the right values are right, and every procedure with an input has its row', async () => {
  const withFields = listProcedures().filter(({ fields }) => fields.length > 0)
  expect(Object.keys(right).toSorted()).toEqual(withFields.map(({ path }) => path))
  for (const { path, type } of withFields) {
    if (type === 'subscription') continue
    expect([200, 401, 404, 409], path).toContain((await send(path, type, right[path])).status)
  }
})

const procedures = listProcedures().filter(({ path, type }) => path in right && type !== 'subscription')

test.each(procedures)('whatever $path is sent, it answers with a reason and is no accident', async ({ path, type }) => {
  const places = placesOf(right[path])
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), hostile, async (place, value) => {
      const response = await send(path, type, replace(right[path], place, value))
      const answer = await response.text()
      // 431 is Node's own word for a URL that is too long.
      if (response.ok || response.status === 431) return
      expect(response.status, answer).toBeLessThan(500)
      const { message, data } = JSON.parse(answer).error.json
      expect(data.httpStatus).toBe(response.status)
      expect(message).not.toMatch(/invalid byte sequence|syntax|relation|column|node_modules/)
      if (response.status === 400) expect(message.length).toBeLessThan(5_000)
    }),
    { numRuns: 60, examples: places.map((place): [string[], unknown] => [place, 'a\0\ud800']) },
  )
})

test('a cursor is refused as malformed wherever it is not one of ours', async () => {
  for (const path of ['admin.budgets.list', 'admin.users.list', 'generations.list', 'keys.list', 'voices.list']) {
    for (const cursor of ['', 'x', 'MS4', '../..', Buffer.from('2.0').toString('base64url')]) {
      const response = await send(path, 'query', { cursor })
      expect((await response.json()).error.json.data, `${path} ${cursor}`).toMatchObject({
        httpStatus: 400,
        reason: 'cursor_malformed',
        issues: [{ field: 'cursor' }],
      })
    }
  }
})

test.each([
  ['auth.register', ['name']],
  ['generations.create', ['title']],
  ['generations.create', ['text']],
  ['keys.create', ['name']],
  ['admin.plans.upsert', ['name']],
  ['admin.quota.adjust', ['note']],
  ['admin.quota.refund', ['note']],
])('text that cannot be kept is refused by the name of its field: %s %s', async (path, place) => {
  for (const text of ['a\0b', 'a\ud800b']) {
    const response = await send(path, 'mutation', replace(right[path], place, text))
    expect(response.status).toBe(400)
    expect((await response.json()).error.json.data).toMatchObject({
      reason: 'invalid_input',
      issues: [{ field: place.join('.'), message: 'must be well-formed Unicode without NUL characters' }],
    })
  }
})

test.each(['a\0b', 'a\ud800b'])('a name of a label that cannot be kept is refused as well: %j', async (name) => {
  const response = await send(
    'voices.update',
    'mutation',
    replace(right['voices.update'], ['labels'], { [name]: 'calm' }),
  )
  expect(response.status).toBe(400)
  expect((await response.json()).error.json.data).toMatchObject({
    reason: 'invalid_input',
    issues: [{ field: 'labels' }],
  })
})

test.each([
  ['an id of another kind', { id: voiceId }],
  ['an id without its prefix', { id: generation.id.slice(4) }],
  ['an id in capitals', { id: generation.id.toUpperCase() }],
  ['an id with something behind it', { id: `${generation.id}0` }],
  ['an id as a list', { id: [generation.id] }],
  ['no id', {}],
  ['an id and more', { id: generation.id, extra: 1 }],
])('%s is refused by the name of its field', async (_name, input) => {
  const response = await send('generations.get', 'query', input)
  expect(response.status).toBe(400)
  expect((await response.json()).error.json.data).toMatchObject({
    reason: 'invalid_input',
    issues: [{ field: 'extra' in input ? 'input' : 'id' }],
  })
})

test.each([
  ['', 'invalid_input'],
  ['a'.repeat(256), 'invalid_input'],
])('an idempotency key that cannot be kept is refused and named: %s', async (key, reason) => {
  const response = await send('generations.create', 'mutation', right['generations.create'], { 'idempotency-key': key })
  expect(response.status).toBe(400)
  expect((await response.json()).error.json).toMatchObject({
    message: expect.stringContaining('Idempotency-Key'),
    data: { reason },
  })
})

function send(path: string, type: string, input: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ json: input })
  const authorization = `Bearer ${admin.key}`
  if (type === 'query') {
    return fetch(`${loqui.url}/trpc/${path}?input=${encodeURIComponent(body)}`, { headers: { authorization } })
  }
  return fetch(`${loqui.url}/trpc/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body,
  })
}
