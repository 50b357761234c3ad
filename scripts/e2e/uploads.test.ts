import { once } from 'node:events'
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { platform } from 'node:os'
import path from 'node:path'
import { eventually, startLoqui, type TestServer } from '@loqui/server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { apiKey, makeUsers } from '../bench/users.ts'
import { voiceFile } from '../bench/voice-file.ts'
import { begin, newUpload, send, type Upload } from '../prove/uploading.ts'

const loqui = await startLoqui({ servers: 0, workers: 0 })
await makeUsers(loqui.db, 100)
const drafts = path.join(loqui.audioDirectory, '.unfinished')
const mebibyte = 2 ** 20

const uploadsUnderWay = () => loqui.db.selectFrom('upload').select('id').execute()

/** Of a process: what is resident of it now, and the most that was since it was told to forget. In bytes. */
async function memoryOf({ pid }: TestServer): Promise<{ now: number; most: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return { now: field('VmRSS'), most: field('VmHWM') }
}

/** By how much the memory of a process grows at most meanwhile, in bytes. */
async function growth(server: TestServer, run: () => Promise<unknown>): Promise<number> {
  const { now } = await memoryOf(server)
  await writeFile(`/proc/${server.pid}/clear_refs`, '5')
  await run()
  return (await memoryOf(server)).most - now
}

/** Files of the store that a process has open. */
async function openFiles({ pid }: TestServer): Promise<string[]> {
  const links = (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))
  return (await Promise.all(links)).filter((link) => link.startsWith(loqui.audioDirectory))
}

async function expectNothingLeft(server: TestServer): Promise<void> {
  await eventually(() => openFiles(server)).toEqual([])
  await eventually(uploadsUnderWay).toEqual([])
  expect(await readdir(drafts)).toEqual([])
}

describe.skipIf(platform() !== 'linux')('of the memory of a server', () => {
  test('an upload of 20 MiB takes less than 16 MiB', async () => {
    const server = await loqui.startServer()
    await send(server.url, newUpload(apiKey(1)))
    const upload = newUpload(apiKey(1), voiceFile(20 * mebibyte))
    const grown = await growth(server, async () => expect((await send(server.url, upload)).status).toBe(201))
    expect(grown).toBeLessThan(16 * mebibyte)
    await expectNothingLeft(server)
    await server.end('SIGTERM')
  }, 60_000)

  test('fifty uploads of 10 MB at once take less than 64 MiB', async () => {
    const server = await loqui.startServer()
    await send(server.url, newUpload(apiKey(1)))
    // To look at a voice takes longer than to see that something is none; of memory, all take the same.
    const voice = voiceFile(10_000_000)
    const noVoice = Buffer.alloc(10_000_000, 'A text is not a voice. ')
    const sent = Array.from({ length: 50 }, (_, index) =>
      newUpload(apiKey((index % 25) + 1), index % 10 === 0 ? voice : noVoice),
    )
    const statuses: number[] = []
    const grown = await growth(server, async () => {
      const answers = await Promise.all(sent.map((upload) => send(server.url, upload)))
      statuses.push(...answers.map(({ status }) => status))
    })
    expect(statuses).toEqual(sent.map((_, index) => (index % 10 === 0 ? 201 : 415)))
    expect(grown).toBeLessThan(64 * mebibyte)
    await expectNothingLeft(server)
    await server.end('SIGTERM')
  }, 120_000)

  test('two hundred uploads of which nothing comes take less than 32 MiB, and one more is told to wait', async () => {
    const server = await loqui.startServer()
    await send(server.url, newUpload(apiKey(1)))
    const idle = Array.from({ length: 200 }, (_, index) => newUpload(apiKey((index % 100) + 1)))
    const begun: ReturnType<typeof begin>[] = []
    const grown = await growth(server, async () => {
      begun.push(...idle.map((upload) => begin(server.url, upload)))
      await eventually(async () => (await uploadsUnderWay()).length).toBe(200)
      for (const [index, request] of begun.entries()) request.write(idle[index]?.form.body.subarray(0, 1_000))
    })
    expect(grown).toBeLessThan(32 * mebibyte)
    expect(await send(server.url, newUpload(apiKey(1)))).toMatchObject({ status: 503, body: { reason: 'busy' } })
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)

    // Whoever sent them leaves, without a word.
    for (const request of begun) request.destroy()
    await expectNothingLeft(server)
    expect((await send(server.url, newUpload(apiKey(1)))).status).toBe(201)
    await server.end('SIGTERM')
  }, 60_000)
})

describe('over one connection', async () => {
  const server = await loqui.startServer()
  afterAll(async () => void (await server.end('SIGTERM')))

  /** A connection to the server, and what comes over it. */
  async function open() {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.setEncoding('latin1')
    await once(socket, 'connect')
    let text = ''
    socket.on('data', (part: string) => {
      text += part
    })
    /** The next answer, as far as it is one of ours: with a length, or without a body. */
    const answer = async () => {
      for (;;) {
        const end = text.indexOf('\r\n\r\n') + 4
        const head = text.slice(0, end)
        const whole = end + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
        if (end > 3 && text.length >= whole) {
          const body = text.slice(end, whole)
          text = text.slice(whole)
          return { status: Number(head.slice(9, 12)), body: body === '' ? undefined : JSON.parse(body) }
        }
        await once(socket, 'data')
      }
    }
    return { socket, answer }
  }

  const head = ({ key, form }: Upload, headers: readonly string[] = []) =>
    [
      'POST /api/v1/samples HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${key}`,
      `Content-Type: ${form.contentType}`,
      `Content-Length: ${form.body.length}`,
      ...headers,
      '\r\n',
    ].join('\r\n')
  const get = ({ key }: Upload) =>
    `GET /api/v1/samples/smp_0/audio HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n\r\n`

  test('who asks whether to send is told to when there is room for it', async () => {
    const upload = newUpload(apiKey(1))
    const { socket, answer } = await open()
    socket.write(head(upload, ['Expect: 100-continue']))
    expect(await answer()).toEqual({ status: 100, body: undefined })
    expect(await uploadsUnderWay()).toHaveLength(1)
    socket.write(upload.form.body)
    expect(await answer()).toMatchObject({ status: 201 })
    socket.destroy()
  })

  test.each([
    [
      'is too large',
      {
        ...newUpload(apiKey(2)),
        form: { contentType: 'multipart/form-data; boundary=x', body: Buffer.alloc(30 * mebibyte) },
      },
      413,
    ],
    ['is none', { ...newUpload(apiKey(2)), form: { contentType: 'audio/wav', body: Buffer.alloc(10) } }, 400],
    ['nobody sends', newUpload('loqui_live_nobody'), 401],
  ])('who asks whether to send what %s is told why not, and nothing else', async (_what, upload, status) => {
    const { socket, answer } = await open()
    socket.write(head(upload, ['Expect: 100-continue']))
    expect(await answer()).toMatchObject({ status, body: { status } })
    socket.destroy()
  })

  test('a third at once waits, and says so before it is sent', async () => {
    const held = [newUpload(apiKey(3)), newUpload(apiKey(3))].map((upload) => begin(server.url, upload))
    await eventually(async () => (await uploadsUnderWay()).length).toBe(2)
    const { socket, answer } = await open()
    socket.write(head(newUpload(apiKey(3)), ['Expect: 100-continue']))
    expect(await answer()).toMatchObject({ status: 429, body: { reason: 'concurrency_limited' } })
    socket.destroy()
    for (const request of held) request.destroy()
    await eventually(uploadsUnderWay).toEqual([])
  })

  test('what was refused before it came can be sent to its end, and the next request is heard', async () => {
    const nobody = newUpload('loqui_live_nobody', voiceFile(3_000_000))
    const upload = newUpload(apiKey(4))
    const { socket, answer } = await open()
    socket.write(head(nobody))
    socket.write(nobody.form.body.subarray(0, 100_000))
    expect(await answer()).toMatchObject({ status: 401 })
    socket.write(nobody.form.body.subarray(100_000))
    socket.write(head(upload))
    socket.write(upload.form.body)
    expect(await answer()).toMatchObject({ status: 201 })
    socket.destroy()
  })

  test('what was refused after it came leaves the connection as it was', async () => {
    const [text, upload] = [newUpload(apiKey(5), Buffer.from('A text is not a voice.')), newUpload(apiKey(5))]
    const { socket, answer } = await open()
    for (const { form } of [text, upload]) {
      socket.write(head({ ...upload, form }))
      socket.write(form.body)
      expect(await answer()).toMatchObject({ status: form === text.form ? 415 : 201 })
    }
    socket.destroy()
  })

  test('requests that do not wait for answers are answered in a row', async () => {
    const [first, second] = [newUpload(apiKey(6)), newUpload(apiKey(6))]
    const { socket, answer } = await open()
    for (const upload of [first, second]) {
      socket.write(head(upload))
      socket.write(upload.form.body)
      socket.write(get(upload))
    }
    const statuses = [await answer(), await answer(), await answer(), await answer()].map(({ status }) => status)
    expect(statuses).toEqual([201, 400, 201, 400])
    socket.destroy()
  })

  test('nothing is left of all of them', async () => {
    await eventually(uploadsUnderWay).toEqual([])
    expect(await readdir(drafts)).toEqual([])
  })
})
