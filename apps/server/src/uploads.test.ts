import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { inspectionReasons } from '@loqui/audio/inspect/refusal'
import { makeHostileFiles } from '@loqui/audio/inspect/testing/hostile-files'
import { fixture, hum } from '@loqui/audio/inspect/testing/voices'
import { makeWav } from '@loqui/audio/inspect/testing/wav'
import { rowId } from '@loqui/core/testing/core'
import { afterEach, describe, expect, test } from 'vitest'
import { sessionCookieName } from './request.ts'
import { client, eventually, startLoqui, type TestUser } from './testing.ts'

// Without a search path: whether this machine has an ffmpeg must not decide what is taken.
const loqui = await startLoqui({ workers: 0, env: { PATH: '/nowhere' } })
const address = new URL(loqui.url)
const draftsDirectory = path.join(loqui.audioDirectory, '.unfinished')
const ada = await loqui.user()

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const recording = await readFile(fixture('opus-48000-stereo.ogg'))
const voice = makeWav({ sampleRate: 8000, channels: [hum(8000, 1.5)] })

/** Waits until nobody is uploading: whoever was refused before the end is still being cleared away behind. */
async function nothingIsLeft() {
  await eventually(() => loqui.db.selectFrom('upload').selectAll().execute()).toEqual([])
  expect(await readdir(draftsDirectory)).toEqual([])
  const rows = await loqui.db.selectFrom('sample').select('audio_key').where('deleted_at', 'is', null).execute()
  const objects = await Array.fromAsync(loqui.storage.list('samples/'))
  expect(objects.map(({ key }) => key).toSorted()).toEqual(rows.map(({ audio_key }) => audio_key).toSorted())
}
afterEach(nothingIsLeft)

const boundary = 'a-boundary-7f3a'
const end = `--${boundary}--\r\n`
type Part = string | Uint8Array

const field = (name: string, value: string) =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

/** @param parameters of its disposition, as they are */
const filePart = (bytes: Uint8Array, parameters: Part = 'name="file"; filename="a voice.ogg"'): readonly Part[] => [
  `--${boundary}\r\ncontent-disposition: form-data; `,
  parameters,
  '\r\ncontent-type: application/x-lie\r\n\r\n',
  bytes,
  '\r\n',
]

interface Sent {
  readonly user?: TestUser | null
  readonly headers?: Readonly<Record<string, string>>
}

function post(parts: readonly Part[], { user = ada, headers = {} }: Sent = {}): Promise<Response> {
  return fetch(`${loqui.url}/api/v1/samples`, {
    method: 'POST',
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      ...(user && { authorization: `Bearer ${user.key}` }),
      ...headers,
    },
    body: Buffer.concat(parts.map((part) => Buffer.from(part))),
  })
}

const postFile = (bytes: Uint8Array, sent: Sent = {}) => post([...filePart(bytes), end], sent)

async function problem(response: Response) {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const body = await response.json()
  expect(body).toMatchObject({ status: response.status, requestId: response.headers.get('x-request-id') })
  return body as { status: number; reason: string; detail: string; issues: unknown[] }
}

describe('a file', () => {
  test('becomes a sample, of which everything is measured, and is given back as it came', async () => {
    const response = await post([...filePart(recording), field('name', ' Ada \n reads '), end])
    expect(response.status).toBe(201)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const sample = await response.json()
    expect(sample).toMatchObject({
      id: expect.stringMatching(/^smp_[0-9a-f-]{36}$/),
      purpose: 'voice',
      name: 'Ada reads',
      container: 'ogg',
      codec: 'opus',
      contentType: 'audio/ogg',
      bytes: recording.length,
      sha256: sha256(recording),
      durationMs: 4000,
      sampleRate: 48_000,
      channels: 2,
      quality: { rating: 'poor', advice: [{ reason: 'short', message: '2.3 s of speech; give 6 to 15 s.' }] },
      consentId: null,
    })
    expect(sample.loudnessLufs).toBeCloseTo(-10.4, 0)
    expect(sample.peaks).toHaveLength(200)
    expect(await client(loqui.url, ada).samples.get.query({ id: sample.id })).toEqual(sample)

    const audio = await fetch(`${loqui.url}/api/v1/samples/${sample.id}/audio`, {
      headers: { authorization: `Bearer ${ada.key}` },
    })
    expect(Buffer.from(await audio.arrayBuffer()).equals(recording)).toBe(true)
    expect(audio.headers.get('content-type')).toBe('audio/ogg')
    expect(audio.headers.get('content-disposition')).toBe('inline; filename="Ada reads.ogg"')
    expect(audio.headers.get('etag')).toBe(`"${sha256(recording)}"`)
  })

  test('may be for a consent, and come behind what is said of it', async () => {
    const response = await post([field('purpose', 'consent'), field('name', 'I agree'), ...filePart(voice), end])
    expect(await response.json()).toMatchObject({ purpose: 'consent', name: 'I agree', container: 'wav' })
  })

  test('is nobody else’s', async () => {
    const { id } = await (await postFile(voice)).json()
    const other = await loqui.user()
    const audio = await fetch(`${loqui.url}/api/v1/samples/${id}/audio`, {
      headers: { authorization: `Bearer ${other.key}` },
    })
    expect(await problem(audio)).toMatchObject({ status: 404, reason: 'sample_not_found' })
  })
})

const named = (name: string) => `name="file"; filename="${name}"`
const encoded = (name: string) => `name="file"; filename*=UTF-8''${encodeURIComponent(name)}`

describe('the name of a file', () => {
  test.each<[string, Part, string]>([
    ['goes up', named('../../../../etc/passwd.wav'), 'passwd'],
    ['goes up by other slashes', named('..\\\\..\\\\windows\\\\win.ini'), 'win'],
    ['goes up in other words', encoded('../../../etc/shadow'), 'shadow'],
    ['begins at the root', named('/var/lib/loqui/audio/voice.wav'), 'voice'],
    ['holds a NUL', named('voice\0.exe.wav'), 'voice .exe'],
    ['holds a NUL in other words', encoded('voice\0.exe.wav'), 'voice .exe'],
    ['breaks its line', named('a\r\nSet-Cookie: b=c.wav'), 'a'],
    ['holds line breaks as browsers write them', named('a%0D%0ASet-Cookie: b=c.wav'), 'a%0D%0ASet-Cookie: b=c'],
    ['is four kilobytes long', named(`${'long '.repeat(820)}.wav`), 'long '.repeat(40).trim()],
    ['is longer than any header is', named('a'.repeat(100_000)), 'a'.repeat(200)],
    ['runs from right to left', named('voice\u202evaw.exe'), 'voice vaw'],
    ['runs from right to left in other words', encoded('voice\u202evaw.exe'), 'voice vaw'],
    ['is in another script', encoded('声 🎧 Ünï.flac'), '声 🎧 Ünï'],
    ['is no text', Buffer.concat([Buffer.from('name="file"; filename="a\xff\xfeb.wav"', 'latin1')]), 'a b'],
    ['is a page', named("<img src=x onerror='alert(1)'>.wav"), "<img src=x onerror='alert(1)'>"],
    ['is a statement', named("'); drop table sample; --.wav"), "'); drop table sample; --"],
  ])('that %s is a word among words', async (_what, parameters, name) => {
    const response = await post([...filePart(voice, parameters), end])
    expect(response.headers.get('set-cookie')).toBeNull()
    const sample = await response.json()
    expect(sample).toMatchObject({ name, sha256: sha256(voice) })
    const { audio_key } = await loqui.db
      .selectFrom('sample')
      .select('audio_key')
      .where('id', '=', rowId(sample.id))
      .executeTakeFirstOrThrow()
    expect(audio_key).toMatch(/^samples\/[0-9a-f-]{36}\/audio$/)
    const audio = await fetch(`${loqui.url}/api/v1/samples/${sample.id}/audio?download=1`, {
      headers: { authorization: `Bearer ${ada.key}` },
    })
    expect((await audio.bytes()).length).toBe(voice.length)
    expect(audio.headers.get('content-disposition')).toMatch(/^attachment; filename="[^"/\\]+\.wav"(; filename\*=|$)/)
  })

  test.each<[string, Part]>([
    ['is empty', named('')],
    ['is not there', 'name="file"'],
    ['is nothing but dots', named('../..')],
    ['is nothing but an ending', named('.wav')],
    ['is nothing but marks', encoded('\u202e\0.wav')],
  ])('that %s calls it by nothing, and one has to be given', async (_what, parameters) => {
    expect(await problem(await post([...filePart(voice, parameters), end]))).toMatchObject({
      status: 400,
      reason: 'invalid_input',
      detail: 'name: must be given, since the file has no name to take it from',
      issues: [{ field: 'name' }],
    })
    const given = await post([...filePart(voice, parameters), field('name', 'Given'), end])
    expect(await given.json()).toMatchObject({ name: 'Given' })
  })

  test.each([
    ['breaks its line in other words', encoded('a\r\nSet-Cookie: b=c.wav')],
    ['ends its header and begins another part', named(`a.wav\r\n\r\n--${boundary}\r\n`)],
  ])('that %s makes no other header and no other part', async (_what, parameters) => {
    const response = await post([...filePart(voice, parameters), end])
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await problem(response)).toMatchObject({ status: 400, reason: 'invalid_input' })
  })
})

/** Of each reason a few, and one where it takes a while: all of them are tried where they are looked at. */
const hostileFiles = [...Map.groupBy(await makeHostileFiles(), ({ reason }) => reason)].flatMap(([reason, files]) => {
  const small = files.filter(({ bytes }) => bytes.length < 200_000)
  const most = reason.startsWith('audio_too') ? 1 : 4
  return small.filter((_, n) => n % Math.ceil(small.length / most) === 0)
})

describe('a hostile file is refused as it deserves, and nothing of it is left:', () => {
  test('there are some for each reason', () => {
    expect(new Set(hostileFiles.map(({ reason }) => reason))).toEqual(new Set(inspectionReasons))
  })

  test.each(hostileFiles)('$name', async ({ bytes, reason, says }) => {
    const answer = await problem(
      await postFile(bytes, { headers: { 'idempotency-key': randomBytes(8).toString('hex') } }),
    )
    expect(answer).toMatchObject({ status: reason === 'audio_unsupported' ? 415 : 422, reason })
    expect(answer.detail.replace(/^file: /, '')).toMatch(says)
    expect(answer.detail).toMatch(/^file: .*\.$/)
  })
})

describe('a form is refused', () => {
  const aFile = filePart(voice)
  test.each<[string, readonly Part[], number, string, RegExp]>([
    ['without a file', [field('name', 'Ada'), end], 400, 'invalid_input', /^file: must be given/],
    ['with two files', [...aFile, ...aFile, end], 400, 'invalid_input', /^file: must be one file/],
    ['with a field that is not known', [...aFile, field('voiceId', 'x'), end], 400, 'invalid_input', /voiceId/],
    ['with a field that is older than it', [...aFile, field('__proto__', 'x'), end], 400, 'invalid_input', /__proto__/],
    [
      'with a file of another name',
      [...filePart(voice, 'name="audio"; filename="a.wav"'), end],
      400,
      'invalid_input',
      /./,
    ],
    ['with a name that is too long', [...aFile, field('name', 'a'.repeat(201)), end], 400, 'invalid_input', /1 to 200/],
    ['with another purpose', [...aFile, field('purpose', 'fun'), end], 400, 'invalid_input', /^purpose: /],
    ['whose end is missing', [...aFile], 400, 'upload_incomplete', /before its last boundary/],
    ['whose file breaks off', [aFile[0] ?? '', aFile[1] ?? '', '\r\n\r\n', voice], 400, 'upload_incomplete', /before/],
    ['that is empty', [], 400, 'upload_incomplete', /before its last boundary/],
  ])('%s', async (_what, parts, status, reason, detail) => {
    expect(await problem(await post(parts))).toMatchObject({ status, reason, detail: expect.stringMatching(detail) })
  })

  test.each([
    ['multipart/form-data', /needs a boundary/],
    ['multipart/mixed; boundary=x', /multipart\/form-data, in a part called “file”/],
    ['audio/wav', /multipart\/form-data, in a part called “file”/],
    ['application/json', /multipart\/form-data, in a part called “file”/],
  ])('that says to be %s', async (type, detail) => {
    const answer = await problem(await post([...aFile, end], { headers: { 'content-type': type } }))
    expect(answer).toMatchObject({ status: 400, reason: 'invalid_input', detail: expect.stringMatching(detail) })
  })

  test('that is packed', async () => {
    const answer = await problem(await post([...aFile, end], { headers: { 'content-encoding': 'gzip' } }))
    expect(answer).toMatchObject({ status: 400, detail: 'Content-Encoding: send the form as it is.' })
  })

  test('that says to be too large, before any of it comes', async () => {
    const upload = await begin(ada, { 'content-length': String(22 << 20) })
    expect(await upload.answer()).toMatchObject({ status: 413, reason: 'payload_too_large' })
  })

  test('that turns out to be too large', async () => {
    const chunk = randomBytes(1 << 20)
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(
          Buffer.concat(
            filePart(new Uint8Array())
              .slice(0, 3)
              .map((part) => Buffer.from(part)),
          ),
        )
        for (let n = 0; n < 21; n++) controller.enqueue(chunk)
        controller.close()
      },
    })
    const headers = { authorization: `Bearer ${ada.key}`, 'content-type': `multipart/form-data; boundary=${boundary}` }
    const init = { method: 'POST', headers, body, duplex: 'half' } as const
    const response = await fetch(`${loqui.url}/api/v1/samples`, init)
    expect(await problem(response)).toMatchObject({
      status: 413,
      reason: 'payload_too_large',
      detail: 'file: must be at most 20 MiB large.',
    })
  })
})

describe('nobody uploads', () => {
  test('without credentials', async () => {
    expect(await problem(await postFile(voice, { user: null }))).toMatchObject({
      status: 401,
      reason: 'unauthenticated',
    })
  })

  test('with a key that is none', async () => {
    const user = { ...ada, key: `${ada.key.slice(0, -4)}AAAA` }
    expect(await problem(await postFile(voice, { user }))).toMatchObject({ status: 401 })
  })

  test('with a key that may only read', async () => {
    const user = await loqui.user({ scopes: ['samples:read', 'generations:write'] })
    expect(await problem(await postFile(voice, { user }))).toMatchObject({ status: 403, reason: 'scope_missing' })
  })

  test('from somebody else’s page', async () => {
    const { token } = await client(loqui.url).auth.login.mutate({ email: ada.email, password: ada.password })
    const headers = { cookie: `${sessionCookieName(false)}=${token}`, origin: 'https://elsewhere.example' }
    const answer = await problem(await postFile(voice, { user: null, headers }))
    expect(answer).toMatchObject({ status: 403, reason: 'origin_forbidden' })
  })
})

describe('an idempotency key', () => {
  test('makes one sample of one file, however often it is sent, and at once', async () => {
    const headers = { 'idempotency-key': 'once' }
    const both = await Promise.all([1, 2].map(() => postFile(voice, { headers })))
    const again = await postFile(voice, { headers })
    const bodies = await Promise.all([...both, again].map((response) => response.text()))
    expect(new Set(bodies).size).toBe(1)
    expect([...both, again].map(({ status }) => status)).toEqual([201, 201, 201])
  })

  test('takes no other file, and no other name', async () => {
    const headers = { 'idempotency-key': 'other' }
    expect((await postFile(voice, { headers })).status).toBe(201)
    for (const parts of [filePart(recording), filePart(voice, named('another.wav'))]) {
      const answer = await problem(await post([...parts, end], { headers }))
      expect(answer).toMatchObject({ status: 422, reason: 'idempotency_key_reused' })
    }
  })

  test('is not spent on what was refused', async () => {
    const headers = { 'idempotency-key': 'refused' }
    const silence = makeWav({ sampleRate: 8000, channels: [new Float32Array(12_000)] })
    expect(await problem(await postFile(silence, { headers }))).toMatchObject({ reason: 'audio_silent' })
    expect((await postFile(voice, { headers })).status).toBe(201)
  })
})

/** An upload whose body is not sent yet. */
async function begin(user: TestUser, headers: Readonly<Record<string, string>> = {}) {
  const socket: Socket = connect(Number(address.port), address.hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const lines = Object.entries({
    host: address.host,
    authorization: `Bearer ${user.key}`,
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': '100000',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST /api/v1/samples HTTP/1.1\r\n${lines.join('')}\r\n`)
  return {
    /** What is answered while nothing of the body comes. */
    async answer() {
      const [first] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      const text = first.toString()
      return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { status: number; reason: string; detail: string }
    },
    leave: () => socket.destroy(),
  }
}

const underWay = (user: TestUser) =>
  eventually(() => loqui.db.selectFrom('upload').select('id').where('user_id', '=', rowId(user.id)).execute())

describe('what there is room for', () => {
  test('two uploads of one person at once, and one more when they are over', async () => {
    const user = await loqui.user()
    const two = [await begin(user), await begin(user)]
    await underWay(user).toHaveLength(2)
    const third = await postFile(voice, { user })
    expect(third.headers.get('retry-after')).toBe('1')
    expect(await problem(third)).toMatchObject({
      status: 429,
      reason: 'concurrency_limited',
      detail: 'This account may upload 2 files at the same time, and does. Try again when one is done.',
    })
    expect((await postFile(voice, { user: ada })).status).toBe(201)
    for (const upload of two) upload.leave()
    await underWay(user).toEqual([])
    expect((await postFile(voice, { user })).status).toBe(201)
  })

  test('as much as the plan has, held before anything of a file comes', async () => {
    await loqui.db
      .insertInto('plan')
      .values({
        id: 'tiny',
        name: 'Tiny',
        seconds_per_month: 600,
        requests_per_minute: 600,
        concurrency: 2,
        storage_bytes: 100_000,
        max_characters: 1000,
      })
      .execute()
    const user = await loqui.user({ planId: 'tiny' })
    const refused = async (headers: Readonly<Record<string, string>>) => (await begin(user, headers)).answer()
    expect(await refused({ 'content-length': '100001' })).toMatchObject({
      status: 402,
      reason: 'storage_quota_exceeded',
      detail: expect.stringMatching(/may need 0\.10 MB, and 0\.10 MB are left/),
    })
    const holding = await begin(user, { 'content-length': '90000' })
    await underWay(user).toHaveLength(1)
    expect(await problem(await postFile(voice, { user }))).toMatchObject({ status: 402 })
    holding.leave()
    await underWay(user).toEqual([])
    const { bytes } = await (await postFile(voice, { user })).json()
    expect(await refused({ 'content-length': String(100_001 - bytes) })).toMatchObject({ status: 402 })
    const { id } = (await client(loqui.url, user).samples.list.query({})).items[0] ?? {}
    await client(loqui.url, user).samples.delete.mutate({ id: String(id) })
    expect((await postFile(recording, { user })).status).toBe(201)
  })
})
