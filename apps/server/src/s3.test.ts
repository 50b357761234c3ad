import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { createWavEncoder } from '@loqui/audio/encoders/wav'
import { tagTexts } from '@loqui/audio/tags'
import { speechLike } from '@loqui/audio/testing'
import type { Sample } from '@loqui/core/samples/sample'
import { createStorage } from '@loqui/storage/create'
import { credentials, refuse, startS3Server, variables } from '@loqui/storage/testing/s3-server'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { client, eventually, finished, startLoqui } from './testing.ts'

const s3 = await startS3Server()
afterAll(() => s3.close())
for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
const loqui = await startLoqui({ env: { ...variables, STORAGE_URL: s3.url('loqui') } })
const bucket = await createStorage(s3.url('loqui'))
const keysBelow = async (prefix: string) => (await Array.fromAsync(bucket.list(prefix), ({ key }) => key)).sort()

const ada = await loqui.user()
const authorization = `Bearer ${ada.key}`
const api = client(loqui.url, ada)
const [voice] = (await api.voices.list.query()).items
const text = 'Alice was beginning to get very tired of sitting by her sister on the bank.'
const create = (format: 'wav' | 'mp3' = 'wav') =>
  api.generations.create.mutate({ text, voiceId: String(voice?.id), format, title: 'Alice' })
const get = (path: string, init: RequestInit = {}) =>
  fetch(new URL(path, loqui.url), { headers: { authorization }, ...init })
const audioOf = (id: string, query = '') => `/api/v1/generations/${id}/audio${query}`
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function upload(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Response> {
  const body = new FormData()
  body.append('file', new File([bytes], name))
  return get('/api/v1/samples', { method: 'POST', body })
}
/** Seven megabytes of sound: more than one part of an upload to S3. */
async function recordLong(): Promise<Buffer<ArrayBuffer>> {
  const sound = speechLike(48_000, 3_500_000)
  const options = { samples: sound.length, sampleRate: 48_000, bitRate: null, tags: tagTexts({}) }
  const encoder = await createWavEncoder(options)
  return Buffer.concat([encoder.header, await encoder.encode(sound), await encoder.finish()])
}

const generation = await finished(api, (await create()).id)
const longRecording = await recordLong()
const recording = await readFile(new URL('../../../packages/audio/fixtures/jfk.flac', import.meta.url))

afterEach(() => {
  s3.intercept = null
  s3.tamper = null
  // Processes complain of an S3 that does not do what it should, and are to complain of nothing else.
  expect(loqui.takeTrouble().filter((complaint) => !complaint.includes('StorageError'))).toEqual([])
})

async function expectUnavailable(response: Response): Promise<void> {
  expect(response.status).toBe(503)
  expect(response.headers.get('content-type')).toMatch('application/problem+json')
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await response.json()).toMatchObject({
    status: 503,
    reason: 'service_unavailable',
    detail: 'The storage does not answer right now. Try again in a moment.',
  })
}

/** Ends S3 as SIGKILL does when it is asked for what matches: before it has heard it, or when it has done it. */
function killWhenAsked(pattern: RegExp, when: 'asked' | 'done' = 'asked'): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const kill = ({ method, url }: IncomingMessage) => {
    if (!pattern.test(`${method} ${url}`)) return false
    s3.intercept = null
    s3.tamper = null
    resolve(s3.kill())
    return true
  }
  if (when === 'asked') s3.intercept = kill
  else s3.tamper = (_, response) => kill(response.req)
  return promise
}

test('what is spoken lies in the bucket, and its owner hears it through the server', async () => {
  const whole = await get(audioOf(generation.id))
  expect(whole.status).toBe(200)
  expect(whole.headers.get('content-type')).toBe('audio/wav')
  const bytes = await bytesOf(whole)
  const id = generation.id.replace('gen_', '')
  const row = await loqui.db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  expect(sha256(bytes)).toBe(row.audio_sha256)
  expect((await buffer(await bucket.read(String(row.audio_key)))).equals(bytes)).toBe(true)

  const part = await get(audioOf(generation.id), { headers: { authorization, range: 'bytes=1000-1999' } })
  expect(part.status).toBe(206)
  expect((await bytesOf(part)).equals(bytes.subarray(1000, 2000))).toBe(true)

  const rendition = await get(audioOf(generation.id, '?format=mp3'))
  expect(rendition.headers.get('content-type')).toBe('audio/mpeg')
  const [made] = await keysBelow(`generations/${id}/renditions/`)
  expect((await buffer(await bucket.read(String(made)))).equals(await bytesOf(rendition))).toBe(true)
  expect(await Array.fromAsync(loqui.storage.list(''))).toEqual([])
})

test('who has a link is sent to the bucket, which says what it gives and what it is called', async () => {
  const { url } = await api.generations.link.mutate({ id: generation.id, download: true })
  const answer = await fetch(url, { redirect: 'manual' })
  expect(answer.status).toBe(302)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const address = String(answer.headers.get('location'))
  expect(address.startsWith(`${s3.endpoint}/audio/loqui/generations/`)).toBe(true)
  expect(Number(new URL(address).searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(60)

  const followed = await fetch(url)
  expect(followed.headers.get('content-type')).toBe('audio/wav')
  expect(followed.headers.get('content-disposition')).toBe('attachment; filename="Alice.wav"')
  expect((await bytesOf(followed)).equals(await bytesOf(await get(audioOf(generation.id))))).toBe(true)
  expect((await fetch(url, { method: 'HEAD', redirect: 'manual' })).status).toBe(200)
})

test('a sample lies in the bucket as it was given', async () => {
  const answer = await upload(recording, 'jfk.flac')
  expect(answer.status).toBe(201)
  const { id } = (await answer.json()) as Sample
  expect((await bytesOf(await get(`/api/v1/samples/${id}/audio`))).equals(recording)).toBe(true)
  const key = `samples/${id.replace('smp_', '')}/audio`
  expect((await buffer(await bucket.read(key))).equals(recording)).toBe(true)
  const { url } = await api.samples.link.mutate({ id })
  expect((await bytesOf(await fetch(url))).equals(recording)).toBe(true)
})

test('an S3 that is killed while it is read breaks the download off, and gives it again when it is back', async () => {
  s3.tamper = (answer, response) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.once('data', (chunk: Buffer) => response.write(chunk.subarray(0, 10_000)))
    return true
  }
  const answer = await get(audioOf(generation.id))
  expect(answer.status).toBe(200)
  const reader = answer.body?.getReader()
  expect((await reader?.read())?.done).toBe(false)
  await s3.kill()
  await expect(async () => {
    while (!(await reader?.read())?.done);
  }).rejects.toThrow()
  await loqui.expectTrouble(/a download broke off/)

  await expectUnavailable(await get(audioOf(generation.id)))
  const { url } = await api.generations.link.mutate({ id: generation.id })
  expect((await fetch(url, { redirect: 'manual' })).status).toBe(302)

  s3.tamper = null
  await s3.start()
  const again = await get(audioOf(generation.id))
  expect((await bytesOf(again)).length).toBe(Number(answer.headers.get('content-length')))
})

test.each([
  ['a recording', recording, /^PUT .*\/samples\//, 'asked'],
  ['a recording, all of which it has', recording, /^PUT .*\/samples\//, 'done'],
  ['a long recording, in its second part', longRecording, /^PUT .*\/samples\/.*partNumber=2/, 'asked'],
  ['a long recording, all of which it has', longRecording, /^POST .*\/samples\/.*uploadId=/, 'done'],
] as const)(
  'an S3 that is killed while it is given %s costs a retry, and leaves nothing',
  async (_, bytes, asked, when) => {
    const before = await keysBelow('samples/')
    const killed = killWhenAsked(asked, when)
    const answer = await upload(bytes, 'a recording.wav')
    await killed
    await expectUnavailable(answer)
    await s3.start()
    const again = await upload(bytes, 'a recording.wav')
    expect(again.status).toBe(201)
    const { id, sha256: hash } = (await again.json()) as Sample
    expect(hash).toBe(sha256(bytes))
    // What had arrived whole and was not heard of goes away, too.
    const kept = [...before, `samples/${id.replace('smp_', '')}/audio`].sort()
    await eventually(() => keysBelow('samples/'), 30_000).toEqual(kept)
    // Nobody could tell a dead S3 to forget the parts that it had.
    await s3.age(25)
    await bucket.sweepUnfinished()
    expect(await s3.unfinished()).toEqual([])
  },
  60_000,
)

test.each([
  ['the first segment', /^PUT .*\/generations\//],
  ['what it is joined to', /^PUT .*\/audio\.wav/],
])(
  'an S3 that is killed while it is given %s delays the generation, and nothing else',
  async (_, asked) => {
    const killed = killWhenAsked(asked)
    const { id } = await create()
    await killed
    const again = /a job failed and will run again/
    await loqui.expectTrouble(again)
    await s3.start()
    const { durationMs, chargedMs } = await finished(api, id)
    // As often as it was tried in vain.
    expect(loqui.takeTrouble().filter((trouble) => !again.test(trouble))).toEqual([])
    expect(chargedMs).toBe(durationMs)
    const rowId = id.replace('gen_', '')
    const rows = [
      ...(await loqui.db.selectFrom('segment').select('audio_key').where('generation_id', '=', rowId).execute()),
      ...(await loqui.db.selectFrom('generation').select('audio_key').where('id', '=', rowId).execute()),
    ]
    const named = rows.map(({ audio_key }) => String(audio_key)).sort()
    await eventually(() => keysBelow(`generations/${rowId}/`)).toEqual(named)
  },
  60_000,
)

test('an S3 without room says so, and keeps nothing', async () => {
  const before = await keysBelow('samples/')
  s3.intercept = ({ method, url }, response) => {
    const found = method === 'PUT' && url?.includes('/samples/') === true
    if (found) refuse(response, 507, 'XMinioStorageFull')
    return found
  }
  const answer = await upload(recording, 'jfk.flac')
  expect(answer.status).toBe(507)
  expect(await answer.json()).toMatchObject({
    reason: 'storage_full',
    detail: 'There is no room left to store it. Try again later.',
  })
  expect(await keysBelow('samples/')).toEqual(before)
})

test.each([
  [
    'a bucket with credentials',
    's3://someone:hunter2@audio',
    /^STORAGE_URL accepts s3:.*: credentials do not go into it but into AWS_ACCESS_KEY_ID/,
  ],
  [
    'a bucket that is not there',
    s3.url('loqui').replace('//audio/', '//audia/'),
    /^STORAGE_URL .*cannot list the bucket audia .*: make it/,
  ],
])(
  'a server and a worker that are told %s end with one sentence, and no secret',
  async (_, STORAGE_URL, sentence) => {
    for (const app of ['server', 'worker']) {
      const main = path.join(import.meta.dirname, '../..', app, 'src/main.ts')
      const env = { ...variables, DATABASE_URL: loqui.connectionString, SECRET_KEY: 'hunter3', STORAGE_URL }
      const ended = await promisify(execFile)(process.execPath, [main], { env }).catch((error: unknown) => error)
      expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(sentence) })
      const { stderr } = ended as { readonly stderr: string }
      expect(stderr.trimEnd().split('\n')).toHaveLength(1)
      for (const secret of ['hunter', ...Object.values(credentials)]) expect(stderr).not.toContain(secret)
    }
  },
  60_000,
)
