import path from 'node:path'
import { startLoqui } from '@loqui/server/testing'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../../scripts/e2e/browser.ts'
import type { Loqui, Sample, UploadProgress } from '../src/index.ts'

const server = await startLoqui()

/** What the page below leaves for tests. */
declare global {
  var sdk: typeof import('../src/index.ts')
  var loqui: Loqui
  /** A file of speech, of some megabytes. */
  var recording: Blob
}

const html = `<!doctype html><script type="module">
  import * as sdk from './index.js'
  globalThis.sdk = sdk
</script>`

const browser = await launchBrowser()
afterAll(() => browser.close())
const page = await browser.newPage()

beforeAll(async () => {
  const built = await rolldown({ input: path.join(import.meta.dirname, '../src/index.ts'), platform: 'browser' })
  const { output } = await built.generate({ format: 'es' })
  await built.close()
  // Pages of the server's own origin, so that its cookie is theirs.
  for (const file of output) {
    if (file.type !== 'chunk') continue
    await page.route(`${server.url}/test/${file.fileName}`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: file.code }),
    )
  }
  await page.route(`${server.url}/test/`, (route) => route.fulfill({ contentType: 'text/html', body: html }))
  await page.goto(`${server.url}/test/`)
  await page.waitForFunction(() => 'sdk' in globalThis)
  await page.evaluate(async () => {
    globalThis.loqui = new globalThis.sdk.Loqui()
    await globalThis.loqui.auth.register({ email: 'ada@example.com', password: 'correct horse' })
    const speech = await globalThis.loqui.speak({
      text: 'The quick brown fox jumps over the lazy dog.',
      voiceId: 'stella',
      format: 'wav',
    })
    const bytes = new Uint8Array(await speech.arrayBuffer())
    const samples = bytes.subarray(44)
    const times = Math.ceil((3 << 20) / samples.length)
    const header = new DataView(bytes.slice(0, 44).buffer)
    header.setUint32(4, samples.length * times + 36, true)
    header.setUint32(40, samples.length * times, true)
    globalThis.recording = new Blob([header, ...Array.from({ length: times }, () => samples)])
  })
}, 60_000)

const uploads = (when: (times: number) => 'fail' | 'pass') => {
  let times = 0
  return page.route(`${server.url}/api/v1/samples`, (route) =>
    when(++times) === 'fail' ? route.abort() : route.continue(),
  )
}

test('a page uploads a file, as whom its cookie names, and sees how much has gone', async () => {
  const network = await page.context().newCDPSession(page)
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 4 << 20,
  })
  const { sample, told, size, audio } = await page.evaluate(async () => {
    const told: UploadProgress[] = []
    const file = new File([globalThis.recording], 'Ada.wav')
    const sample = await globalThis.loqui.samples.upload(file, { onProgress: (progress) => told.push(progress) })
    const response = await globalThis.loqui.samples.audio(sample.id)
    const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer())
    return { sample, told, size: file.size, audio: [...new Uint8Array(digest)] }
  })
  await network.detach()
  expect(sample).toMatchObject({ name: 'Ada', bytes: size, container: 'wav' })
  expect(Buffer.from(audio).toString('hex')).toBe(sample.sha256)
  const sent = told.map(({ sentBytes }) => sentBytes)
  expect(sent.length).toBeGreaterThan(2)
  expect(sent).toEqual([...new Set(sent)].toSorted((a, b) => a - b))
  expect(told.at(-1)).toEqual({ sentBytes: size, totalBytes: size })
})

test('a page uploads a stream, which is gathered first', async () => {
  const { sample, told, size } = await page.evaluate(async () => {
    const told: UploadProgress[] = []
    const options = { name: 'stream', onProgress: (progress: UploadProgress) => told.push(progress) }
    const sample = await globalThis.loqui.samples.upload(globalThis.recording.stream(), options)
    return { sample, told, size: globalThis.recording.size }
  })
  expect(sample).toMatchObject({ name: 'stream', bytes: size })
  expect(told.at(-1)).toEqual({ sentBytes: size, totalBytes: size })
})

test('a page uploads without being told how much has gone', async () => {
  const [sample, size] = await page.evaluate(async () => {
    const bytes = await globalThis.recording.arrayBuffer()
    return [await globalThis.loqui.samples.upload(bytes, { name: 'bytes' }), bytes.byteLength] as const
  })
  expect(sample).toMatchObject({ name: 'bytes', bytes: size })
})

test('a page with a fetch of its own sends everything through it, and is told at the end', async () => {
  const { paths, told, size } = await page.evaluate(async () => {
    const paths: string[] = []
    const told: UploadProgress[] = []
    const client = new globalThis.sdk.Loqui({
      fetch: (input, init) => {
        paths.push(new URL(String(input)).pathname)
        return fetch(input, init)
      },
    })
    const options = { name: 'mine', onProgress: (progress: UploadProgress) => told.push(progress) }
    const { bytes } = await client.samples.upload(globalThis.recording, options)
    return { paths, told, size: bytes }
  })
  expect(paths).toEqual(['/api/v1/samples'])
  expect(told).toEqual([{ sentBytes: size, totalBytes: size }])
})

test.each([true, false])('what fails on its way is sent again (told of it: %s)', async (isTold) => {
  await uploads((times) => (times === 1 ? 'fail' : 'pass'))
  const sample = await page.evaluate(
    (isTold) =>
      globalThis.loqui.samples.upload(globalThis.recording, {
        name: 'again',
        onProgress: isTold ? () => undefined : undefined,
      }),
    isTold,
  )
  await page.unroute(`${server.url}/api/v1/samples`)
  expect(sample).toMatchObject({ name: 'again' })
})

test('what goes wrong is said as everywhere', async () => {
  await uploads(() => 'fail')
  const failed = await page.evaluate(async () => {
    const options = { name: 'failed', maxRetries: 0, onProgress: () => undefined }
    const error: unknown = await globalThis.loqui.samples.upload(globalThis.recording, options).catch((e: unknown) => e)
    return error instanceof globalThis.sdk.ConnectionError && error.reason
  })
  expect(failed).toBe('connection_failed')
  await page.unroute(`${server.url}/api/v1/samples`)

  const said = await page.evaluate(async () => {
    const { samples } = globalThis.loqui
    const onProgress = () => undefined
    const outcome = async (upload: Promise<Sample>) => {
      const error: unknown = await upload.catch((e: unknown) => e)
      if (error instanceof globalThis.sdk.LoquiError)
        return { reason: error.reason, status: error.status, id: error.requestId }
      return error instanceof Error ? error.message : error
    }
    const abort = new AbortController()
    const text = new Blob(['Once upon a time'])
    return {
      text: await outcome(samples.upload(text, { name: 'text', onProgress })),
      nameless: await outcome(samples.upload(globalThis.recording, { onProgress })),
      large: await outcome(samples.upload(new Blob([new Uint8Array(21 << 20)]), { name: 'large', onProgress })),
      path: await outcome(samples.upload('./voice.wav')),
      aborted: await outcome(
        samples.upload(globalThis.recording, {
          name: 'aborted',
          signal: abort.signal,
          onProgress: () => abort.abort('enough'),
        }),
      ),
      timedOut: await outcome(
        samples.upload(globalThis.recording, { name: 'late', timeoutMs: 0, maxRetries: 0, onProgress }),
      ),
    }
  })
  expect(said).toEqual({
    text: { reason: 'audio_unsupported', status: 415, id: expect.stringMatching(/^req_/) },
    nameless: { reason: 'invalid_input', status: 400, id: expect.stringMatching(/^req_/) },
    large: { reason: 'payload_too_large', status: 413, id: expect.stringMatching(/^req_/) },
    path: expect.stringMatching(/^A string or URL is the path of a file, .*in a browser give the File itself/),
    aborted: 'enough',
    timedOut: { reason: 'timed_out', status: null, id: null },
  })
})
