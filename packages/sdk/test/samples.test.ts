import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { startLoqui } from '@loqui/server/testing'
import { afterAll, describe, expect, test, vi } from 'vitest'
import {
  ConnectionError,
  InvalidInputError,
  Loqui,
  type LoquiOptions,
  NotFoundError,
  QuotaExceededError,
  type SampleSource,
  ServerError,
  TimeoutError,
  UnauthenticatedError,
  type UploadProgress,
} from '../src/index.ts'
import { openProxy } from './proxy.ts'

const server = await startLoqui()
const { url } = server
const person = await server.user()
const connect = (options: LoquiOptions = {}) => new Loqui({ baseUrl: url, apiKey: person.key, ...options })
const loqui = connect()

const directory = await mkdtemp(path.join(tmpdir(), 'loqui-sdk-upload-'))
afterAll(() => rm(directory, { recursive: true }))

const speech = await loqui.speak({
  text: 'The quick brown fox jumps over the lazy dog, and then it does so a second time.',
  voiceId: 'stella',
  format: 'wav',
})
/** A file of speech, some hundred kilobytes: several pieces. */
const wav = new Uint8Array(await speech.arrayBuffer())
const { durationMs } = speech.generation
const sha256 = createHash('sha256').update(wav).digest('hex')
const file = path.join(directory, 'Ada by the window.wav')
await writeFile(file, wav)

/** The same speech again and again, some megabytes: more than what waits in sockets. */
const longFile = path.join(directory, 'long.wav')
{
  const times = Math.ceil((6 << 20) / wav.length)
  const header = Buffer.from(wav.subarray(0, 44))
  const body = wav.subarray(44)
  header.writeUInt32LE(body.length * times + 36, 4)
  header.writeUInt32LE(body.length * times, 40)
  await writeFile(longFile, [header, ...Array.from({ length: times }, () => body)])
}

async function* inPieces(bytes: Uint8Array, size = 10_000) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}
const webStream = (bytes: Uint8Array) => new Blob([Buffer.from(bytes)]).stream()

const own = await server.user()
const ownSamples = connect({ apiKey: own.key }).samples

/** Uploads and says what was told of it meanwhile. */
async function follow(source: SampleSource, options: { name?: string } = {}) {
  const told: UploadProgress[] = []
  const sample = await ownSamples.upload(source, { ...options, onProgress: (progress) => told.push(progress) })
  return { sample, told }
}

describe('a sample is uploaded from', () => {
  test.each<[kind: string, source: () => SampleSource, knowsItsLength: boolean]>([
    ['bytes', () => wav, true],
    ['a buffer', () => Buffer.from(wav), true],
    [
      'a part of a buffer',
      () => Buffer.concat([Buffer.from('before'), wav, Buffer.from('after')]).subarray(6, -5),
      true,
    ],
    ['an array buffer', () => wav.slice().buffer, true],
    ['a blob', () => new Blob([wav]), true],
    ['a file', () => new File([wav], 'fox.wav'), true],
    ['a stream of the web', () => webStream(wav), false],
    ['a stream of Node', () => createReadStream(file), false],
    ['an iterable', () => inPieces(wav), false],
    ['a path', () => file, true],
    ['the URL of a file', () => pathToFileURL(file), true],
  ])('%s, byte for byte, telling how much has gone', async (kind, source, knowsItsLength) => {
    const { sample, told } = await follow(source(), { name: kind })
    expect(sample).toMatchObject({ name: kind, container: 'wav', bytes: wav.length, sha256, purpose: 'voice' })
    expect(sample.durationMs).toBeCloseTo(durationMs ?? 0, -1)

    const sent = told.map(({ sentBytes }) => sentBytes)
    expect(sent.length).toBeGreaterThan(2)
    expect(sent).toEqual(sent.toSorted((a, b) => a - b))
    expect(told.at(-1)).toEqual({ sentBytes: wav.length, totalBytes: wav.length })
    const totals = new Set(told.slice(0, -1).map(({ totalBytes }) => totalBytes))
    expect(totals).toEqual(new Set([knowsItsLength ? wav.length : null]))

    const audio = await ownSamples.audio(sample.id)
    expect(audio.headers.get('content-type')).toBe('audio/wav')
    expect(Buffer.from(await audio.arrayBuffer()).equals(wav)).toBe(true)
  })
})

test('a sample is called what the file is called, unless it is said otherwise', async () => {
  expect(await loqui.samples.upload(file)).toMatchObject({ name: 'Ada by the window' })
  expect(await loqui.samples.upload(pathToFileURL(file))).toMatchObject({ name: 'Ada by the window' })
  const named = new File([wav], 'été "eins"\r\n.wav')
  expect(await loqui.samples.upload(named)).toMatchObject({ name: expect.stringMatching(/^été/) })
  expect(await loqui.samples.upload(file, { name: 'Ada – “the first”' })).toMatchObject({ name: 'Ada – “the first”' })
  await expect(loqui.samples.upload(wav)).rejects.toMatchObject({
    name: 'InvalidInputError',
    issues: [{ field: 'name' }],
  })
})

test('a sample is listed, got, renamed, linked and deleted', async () => {
  const { samples } = connect({ apiKey: (await server.user()).key })
  const made = [await samples.upload(file), await samples.upload(file, { name: 'Phrase', purpose: 'consent' })]
  const [first, second] = made
  if (!first || !second) throw new Error('nothing was uploaded')
  expect(await Array.fromAsync(samples.list({ limit: 1 }))).toEqual(made.toReversed())
  expect((await samples.list({ purpose: 'consent' })).items).toEqual([second])
  expect((await samples.list({ search: 'WINDOW' })).items).toEqual([first])
  expect(await samples.rename(first.id, 'Ada')).toEqual({ ...first, name: 'Ada' })
  expect(await samples.get(first.id)).toEqual({ ...first, name: 'Ada' })

  const link = await samples.link(first.id, { download: true, expiresInSeconds: 60 })
  const linked = await fetch(link.url)
  expect(linked.headers.get('content-disposition')).toBe('attachment; filename="Ada.wav"')
  expect(Buffer.from(await linked.arrayBuffer()).equals(wav)).toBe(true)
  expect(Date.parse(link.expiresAt)).toBeLessThan(Date.now() + 70_000)

  await samples.delete(first.id)
  await expect(samples.get(first.id)).rejects.toBeInstanceOf(NotFoundError)
  await expect(samples.audio(first.id)).rejects.toMatchObject({ reason: 'sample_not_found', status: 404 })
  expect((await fetch(link.url)).status).toBe(404)
})

describe('when the connection is cut in the middle', () => {
  /** Uploads through a connection that is cut whenever something has gone, for as often as is said. */
  async function uploadCut(source: SampleSource, cuts: number) {
    await using proxy = await openProxy(url)
    const told: number[] = []
    const { key } = await server.user()
    const client = connect({ baseUrl: proxy.url, apiKey: key })
    const outcome = client.samples.upload(source, {
      name: 'cut',
      onProgress({ sentBytes }) {
        told.push(sentBytes)
        if (proxy.connections <= cuts) proxy.cut()
      },
    })
    const [settled] = await Promise.allSettled([outcome])
    const samples = await Array.fromAsync(connect({ apiKey: key }).samples.list())
    return { settled, told, connections: proxy.connections, samples }
  }

  test.each<[kind: string, source: () => SampleSource | Promise<SampleSource>]>([
    ['a path', () => longFile],
    ['bytes', () => readFile(longFile)],
    ['a blob', async () => new Blob([await readFile(longFile)])],
  ])('%s is sent again, once', async (_kind, source) => {
    const { settled, told, connections, samples } = await uploadCut(await source(), 1)
    expect(settled).toMatchObject({ status: 'fulfilled' })
    expect(connections).toBe(2)
    expect(samples).toHaveLength(1)
    expect(told).toEqual([...new Set(told)].toSorted((a, b) => a - b))
    expect(told.at(-1)).toBe(samples[0]?.bytes)
  })

  test('it gives up after the retries that it has, and leaves nothing', async () => {
    const { settled, connections, samples } = await uploadCut(longFile, 3)
    expect(settled).toMatchObject({ status: 'rejected', reason: expect.any(ConnectionError) })
    expect({ connections, samples }).toEqual({ connections: 3, samples: [] })
  })

  test('a stream, which cannot be read again, is not sent again', async () => {
    const stream = createReadStream(longFile)
    const { settled, connections, samples } = await uploadCut(stream, 1)
    expect(settled).toMatchObject({ status: 'rejected', reason: expect.any(ConnectionError) })
    expect({ connections, samples }).toEqual({ connections: 1, samples: [] })
    expect(stream.destroyed).toBe(true)
  })
})

/** A client whose requests to upload are answered by somebody else for as long as there are answers. */
function answering(...answers: (() => Response | Promise<Response>)[]) {
  const keys: (string | null)[] = []
  const client = connect({
    fetch: async (input, init) => {
      if (!String(input).endsWith('/api/v1/samples')) return fetch(input, init)
      keys.push(new Headers(init?.headers).get('idempotency-key'))
      return (await answers.shift()?.()) ?? fetch(input, init)
    },
  })
  return { client, keys }
}

test('a file whose answer is lost is one sample all the same', async () => {
  const { key } = await server.user()
  let sent = 0
  const client = connect({
    apiKey: key,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (sent++ > 0) return response
      await response.arrayBuffer()
      throw new TypeError('the connection was lost')
    },
  })
  const sample = await client.samples.upload(file)
  expect(sent).toBe(2)
  expect((await connect({ apiKey: key }).samples.list()).items).toEqual([sample])
})

test('a file is sent again to a busy server, under its key', async () => {
  const { client, keys } = answering(
    () => new Response('<html>', { status: 503 }),
    () => Response.json({ reason: 'busy', detail: 'Busy.' }, { status: 503, headers: { 'retry-after': '0' } }),
  )
  expect(await client.samples.upload(file, { idempotencyKey: 'monday' })).toMatchObject({ bytes: wav.length })
  expect(keys).toEqual(['monday', 'monday', 'monday'])
})

test('a stream is sent to it once', async () => {
  const { client, keys } = answering(() => new Response(null, { status: 503 }))
  await expect(client.samples.upload(webStream(wav), { name: 'once' })).rejects.toBeInstanceOf(ServerError)
  expect(keys).toHaveLength(1)
})

test('what answers and is not Loqui is told apart', async () => {
  const { client } = answering(() => new Response('<html>', { status: 200, headers: { 'content-type': 'text/html' } }))
  await expect(client.samples.upload(file, { maxRetries: 0 })).rejects.toThrow('is not Loqui')
})

test('every refusal is of a class, with its reason', async () => {
  const { samples } = loqui
  const silence = Buffer.concat([wav.subarray(0, 44), Buffer.alloc(wav.length - 44)])
  await expect(samples.upload(silence, { name: 'silence' })).rejects.toMatchObject({
    reason: 'audio_silent',
    status: 422,
  })
  const text = samples.upload(Buffer.from('Once upon a time'), { name: 'text' })
  await expect(text).rejects.toBeInstanceOf(InvalidInputError)
  await expect(text).rejects.toMatchObject({ reason: 'audio_unsupported', status: 415, requestId: expect.any(String) })
  const large = samples.upload(Buffer.alloc(21 << 20), { name: 'large' })
  await expect(large).rejects.toMatchObject({ name: 'InvalidInputError', reason: 'payload_too_large', status: 413 })
  const endless = samples.upload(Readable.from(inPieces(Buffer.alloc(30 << 20), 64 << 10)), { name: 'endless' })
  await expect(endless).rejects.toMatchObject({ reason: 'payload_too_large', status: 413 })
  await expect(connect({ apiKey: 'loqui_live_nonsense' }).samples.upload(longFile)).rejects.toBeInstanceOf(
    UnauthenticatedError,
  )
  const boss = connect({ apiKey: (await server.user({ role: 'admin' })).key })
  const [plan] = await boss.plans.list()
  if (!plan) throw new Error('there is no plan')
  await boss.admin.plans.upsert({ ...plan, id: 'tiny', storageBytes: 1_000 })
  const poor = connect({ apiKey: (await server.user({ planId: 'tiny' })).key })
  const refused = poor.samples.upload(file)
  await expect(refused).rejects.toBeInstanceOf(QuotaExceededError)
  await expect(refused).rejects.toMatchObject({ reason: 'storage_quota_exceeded', status: 402 })
})

test('one that is aborted stops, with the reason of the signal, and leaves nothing', async () => {
  const { key } = await server.user()
  const { samples } = connect({ apiKey: key })
  const abort = new AbortController()
  const stream = createReadStream(longFile)
  const onProgress = () => abort.abort('enough')
  await expect(samples.upload(stream, { name: 'a', signal: abort.signal, onProgress })).rejects.toBe('enough')
  await vi.waitFor(() => expect(stream.closed).toBe(true))
  await expect(samples.upload(longFile, { signal: abort.signal })).rejects.toBe('enough')
  const again = new AbortController()
  const path = samples.upload(longFile, { signal: again.signal, onProgress: () => again.abort('again') })
  await expect(path).rejects.toBe('again')
  expect((await samples.list()).items).toEqual([])
})

test('one that is aborted lets go of a stream that gives nothing', async () => {
  const abort = new AbortController()
  const canceled = Promise.withResolvers<unknown>()
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const silent = new ReadableStream<Uint8Array>(
    {
      pull() {
        asked[0].resolve()
        return new Promise(() => undefined)
      },
      cancel: canceled.resolve,
    },
    { highWaterMark: 0 },
  )
  const waiting = new Readable({ read: () => asked[1].resolve() })
  const closed = once(waiting, 'close')
  const uploads = [silent, waiting].map((source) =>
    loqui.samples.upload(source, { name: 'silent', signal: abort.signal }),
  )
  await Promise.all(asked.map(({ promise }) => promise))
  abort.abort('enough')
  expect(await Promise.allSettled(uploads)).toEqual(uploads.map(() => ({ status: 'rejected', reason: 'enough' })))
  await Promise.all([canceled.promise, closed])
})

test('one that stands still is left after the time that was set', async () => {
  const never: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
  const options = { timeoutMs: 50, maxRetries: 0 }
  await expect(connect({ fetch: never }).samples.upload(file, options)).rejects.toBeInstanceOf(TimeoutError)
})

test('what a source throws comes out as it is', async () => {
  const gone = new Error('the microphone is gone')
  async function* breaking() {
    yield wav.subarray(0, 1_000)
    throw gone
  }
  await expect(loqui.samples.upload(breaking(), { name: 'breaking' })).rejects.toBe(gone)
  await expect(loqui.samples.upload(path.join(directory, 'nothing.wav'))).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(loqui.samples.upload(directory)).rejects.toMatchObject({ code: 'EISDIR' })
  const text = Readable.from(['some text'])
  await expect(loqui.samples.upload(text, { name: 'text' })).rejects.toThrow(/must give bytes .*not strings/)
  for (const wrong of [null, 7, {}, [1, 2]]) {
    await expect(loqui.samples.upload(wrong as never), JSON.stringify(wrong)).rejects.toThrow(/source must be a File/)
  }
})

test('a file that changes while it is read is not sent as another', async () => {
  const changing = path.join(directory, 'changing.wav')
  await writeFile(changing, await readFile(longFile))
  const handle = await open(changing, 'r+')
  const { size } = await handle.stat()
  const shorter = loqui.samples.upload(changing, { onProgress: () => void handle.truncate(size >> 1) })
  await expect(shorter).rejects.toThrow('changing.wav changed while it was being uploaded.')
  await handle.close()
})

test('a file is never held in memory as a whole', async () => {
  const large = path.join(directory, 'large.raw')
  const handle = await open(large, 'w')
  await handle.truncate(128 << 20)
  await handle.close()
  const program = `
    import { createReadStream } from 'node:fs'
    import { createServer } from 'node:http'
    import { Loqui } from ${JSON.stringify(path.join(import.meta.dirname, '../src/index.ts'))}
    const sink = createServer((req, res) => {
      let bytes = 0
      req.on('data', (chunk) => (bytes += chunk.length))
      req.on('end', () => res.setHeader('content-type', 'application/json').end(JSON.stringify({ bytes })))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => sink.once('listening', resolve))
    const { samples } = new Loqui({ baseUrl: 'http://127.0.0.1:' + sink.address().port })
    // What a first upload loads and compiles stays.
    await samples.upload(new Blob([new Uint8Array(8 << 20)]), { name: 'first' })
    const before = process.resourceUsage().maxRSS
    for (const source of [${JSON.stringify(large)}, createReadStream(${JSON.stringify(large)})]) {
      const { bytes } = await samples.upload(source, { name: 'large' })
      if (bytes < ${128 << 20}) throw new Error('something is missing')
    }
    console.log((process.resourceUsage().maxRSS - before) * 1024)
    sink.closeAllConnections()
    sink.close()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '--eval', program])
  expect(Number(stdout)).toBeLessThan(64 << 20)
})
