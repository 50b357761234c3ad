import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Refusal } from '@loqui/core/errors'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { checkForm, type FormLimits, receiveForm } from './form.ts'
import { linger } from './linger.ts'

const directory = await mkdtemp(path.join(tmpdir(), 'loqui-test-form-'))
let files = 0
const limits: FormLimits = { fileBytes: 1 << 20, pace: { idleMs: 30_000, leastBytesPerSecond: 1, wholeMs: 300_000 } }
/** Of what is sent to /impatient. */
const impatient: FormLimits = { ...limits, pace: { ...limits.pace, idleMs: 500, leastBytesPerSecond: 10_000_000 } }

/** What became of forms, as they end, whether or not there is anybody to be answered. */
const outcomes = new EventEmitter()
const server = createServer(async (req, res) => {
  try {
    checkForm(req, limits)
    await using file = await open(path.join(directory, String(files++)), 'wx+')
    const form = await receiveForm(req, file, req.url === '/impatient' ? impatient : limits)
    const written = await buffer(file.createReadStream({ start: 0, autoClose: false }))
    outcomes.emit('outcome', 'received')
    res.end(JSON.stringify({ ...form, written: sha256(written) }))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    linger(req, res)
    outcomes.emit('outcome', error.reason)
    res.statusCode = 400
    res.end(JSON.stringify({ reason: error.reason, message: error.message }))
  }
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(directory, { recursive: true })
})

const boundary = 'a-boundary-7f3a'
const type = `multipart/form-data; boundary=${boundary}`
const end = `--${boundary}--\r\n`
const field = (name: string, value: string) =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const fileHead = (fileName = 'a.wav', name = 'file') =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"; filename="${fileName}"\r\ncontent-type: audio/wav\r\n\r\n`
const bytes = randomBytes(300_000)
const aFile = (content: Uint8Array = bytes) => Buffer.concat([Buffer.from(fileHead()), content, Buffer.from('\r\n')])

type Body = readonly (string | Uint8Array)[]

interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  /** Default: what the parts come to. */
  readonly length?: number
}

/** Sends parts one by one over a connection, and answers what the server says. */
async function send(body: Body, { headers = {}, length }: Sent = {}) {
  const socket = connect(port, '127.0.0.1')
  const whole = body.reduce((sum, part) => sum + Buffer.byteLength(part), 0)
  const all = { host: 'localhost', 'content-type': type, 'content-length': String(length ?? whole), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST / HTTP/1.1\r\n${lines.join('')}\r\n`)
  for (const part of body) if (!socket.write(part)) await once(socket, 'drain')
  const answer = buffer(socket)
  const [first] = (await Promise.race([once(socket, 'data'), answer.then((all) => [all])])) as [Buffer]
  socket.destroy()
  const text = first.toString()
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
}

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')

test('a file arrives as it was sent, with what was said beside it, in any order', async () => {
  for (const body of [
    [field('name', 'Ada'), aFile(), field('purpose', 'voice'), end],
    [aFile(), field('purpose', 'voice'), field('name', 'Ada'), end],
    ['a preamble\r\n', aFile(), field('name', 'Ada'), field('purpose', 'voice'), end, 'an epilogue'],
  ]) {
    expect(await send(body)).toEqual({
      bytes: bytes.length,
      sha256: sha256(bytes),
      written: sha256(bytes),
      fileName: 'a.wav',
      fields: { name: 'Ada', purpose: 'voice' },
    })
  }
})

test('a file as large as it may be is taken, and one byte more is not', async () => {
  const most = randomBytes(limits.fileBytes)
  expect(await send([aFile(most), end])).toMatchObject({ bytes: most.length, written: sha256(most) })
  const more = Buffer.concat([most, Buffer.from('x')])
  expect(await send([aFile(more), end])).toMatchObject({ reason: 'payload_too_large' })
})

test('what says that it is too large is refused before it is sent', async () => {
  expect(await send([], { length: 2 << 20 })).toEqual({
    reason: 'payload_too_large',
    message: 'file: must be at most 1 MiB large.',
  })
})

test('what does not say how large it is is refused when it is too large', async () => {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const head = fileHead()
  const body = [`${head.length.toString(16)}\r\n${head}\r\n`, ...Array<string>(40).fill(chunk)]
  const chunked = { 'transfer-encoding': 'chunked' }
  const { 'content-length': _, ...headers } = { 'content-length': '', ...chunked }
  expect(await sendChunked(body, headers)).toMatchObject({ reason: 'payload_too_large' })
})

async function sendChunked(body: Body, headers: Readonly<Record<string, string>>) {
  const socket = connect(port, '127.0.0.1')
  const lines = Object.entries({ host: 'localhost', 'content-type': type, ...headers }).map(
    ([n, v]) => `${n}: ${v}\r\n`,
  )
  socket.write(`POST / HTTP/1.1\r\n${lines.join('')}\r\n`)
  const answered = once(socket, 'data')
  for (const part of body) if (!socket.write(part)) await Promise.race([once(socket, 'drain'), answered])
  const [first] = (await answered) as [Buffer]
  socket.destroy()
  const text = first.toString()
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
}

test.each<[string, Body, string, RegExp]>([
  ['no file', [field('name', 'Ada'), end], 'invalid_input', /^file: must be given/],
  ['two files', [aFile(), aFile(), end], 'invalid_input', /^file: must be one file/],
  [
    'a field twice',
    [field('name', 'a'), field('name', 'b'), aFile(), end],
    'invalid_input',
    /^name: must be given once/,
  ],
  ['a long value', [field('name', 'a'.repeat(5_000)), aFile(), end], 'invalid_input', /^name: is too long/],
  [
    'many fields',
    [...Array.from({ length: 20 }, (_, n) => field(`f${n}`, 'x')), aFile(), end],
    'invalid_input',
    /at most 8 fields/,
  ],
  ['a million parts', [`--${boundary}\r\n\r\n`.repeat(10_000), end], 'invalid_input', /at most 8 fields/],
  ['nothing', [], 'upload_incomplete', /ends before its last boundary/],
  ['no end', [aFile()], 'upload_incomplete', /ends before its last boundary/],
  ['no end within the file', [aFile().subarray(0, 1_000)], 'upload_incomplete', /ends before its last boundary/],
  ['another boundary', ['--other\r\n\r\n\r\n--other--'], 'upload_incomplete', /ends before its last boundary/],
  ['no form at all', [bytes], 'upload_incomplete', /ends before its last boundary/],
  ['a head without an end', [`--${boundary}\r\n`, 'x: '.padEnd(100_000, 'y')], 'upload_incomplete', /ends before/],
  ['a file without a disposition', [`--${boundary}\r\n\r\nx\r\n`, end], 'invalid_input', /^file: must be given/],
])('a form with %s is refused with a reason', async (_name, body, reason, message) => {
  expect(await send(body)).toMatchObject({ reason, message: expect.stringMatching(message) })
})

test.each([
  ['application/json', /multipart\/form-data/],
  ['multipart/mixed; boundary=x', /multipart\/form-data/],
  ['multipart/form-data', /needs a boundary/],
  ['multipart/form-data; charset=utf-8', /needs a boundary/],
  ['multipart/form-dataX; boundary=x', /multipart\/form-data/],
])('a body that says to be %s is refused', async (given, message) => {
  const answer = await send([end], { headers: { 'content-type': given } })
  expect(answer).toMatchObject({ reason: 'invalid_input', message: expect.stringMatching(message) })
})

test('a compressed form is refused', async () => {
  expect(await send([end], { headers: { 'content-encoding': 'gzip' } })).toMatchObject({ reason: 'invalid_input' })
})

test('a sender who leaves in the middle leaves nothing', async () => {
  const outcome = once(outcomes, 'outcome')
  const socket = connect(port, '127.0.0.1')
  socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 400000\r\n\r\n`)
  socket.write(aFile().subarray(0, 100_000))
  await once(server, 'request')
  socket.resetAndDestroy()
  expect(await outcome).toEqual(['upload_incomplete'])
})

test('a sender who says to send more than comes and closes is told nothing, and leaves nothing', async () => {
  const outcome = once(outcomes, 'outcome')
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.end(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 9999\r\n\r\n${end}`)
  expect(await outcome).toEqual(['upload_incomplete'])
})

test('whoever is refused while still sending can read why, and go on with the same connection', async () => {
  const socket = connect(port, '127.0.0.1')
  const body = Buffer.concat([aFile(), aFile(randomBytes(700_000))])
  socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`)
  socket.write(body.subarray(0, 310_000))
  const [first] = (await once(socket, 'data')) as [Buffer]
  expect(first.toString()).toContain('file: must be one file')
  socket.write(body.subarray(310_000))
  socket.write(
    `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${end.length}\r\n\r\n${end}`,
  )
  const [second] = (await once(socket, 'data')) as [Buffer]
  expect(second.toString()).toContain('file: must be given')
  socket.destroy()
})

test.each([
  ['falls silent', () => undefined, /^The upload was too slow. Nothing came for 0.5 s/],
  // As fast as a byte at a time goes.
  ['trickles', (socket: Socket) => trickle(socket), /less than 10000 kB a second/],
])('a sender who %s is told so, and leaves nothing', async (_how, then, message) => {
  const socket = connect(port, '127.0.0.1')
  socket.write(`POST /impatient HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 900000\r\n\r\n`)
  socket.write(aFile().subarray(0, 1_000))
  then(socket)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  const { reason, message: said } = JSON.parse(answer.toString().split('\r\n\r\n')[1] ?? '')
  expect(reason).toBe('upload_too_slow')
  expect(said).toMatch(message)
  socket.destroy()
})

function trickle(socket: Socket): void {
  if (!socket.destroyed) socket.write('x', () => setImmediate(trickle, socket))
}

test('a form cut in any places arrives as it was sent', async () => {
  const content = fc.uint8Array({ maxLength: 400 }).map((some) => Buffer.from(some))
  // What looks like a boundary, and is none, is what a search across pieces gets wrong.
  const tricky = fc
    .constantFrom('\r\n', '\r\n--', `\r\n--${boundary.slice(0, -1)}`, `--${boundary}`, '\r', '-')
    .map((text) => Buffer.from(text))
  const file = fc.array(fc.oneof(content, tricky), { maxLength: 6 }).map((parts) => Buffer.concat(parts))
  const cuts = fc.array(fc.nat(), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(file, cuts, async (sent, places) => {
      fc.pre(!`\r\n${sent.toString('latin1')}\r\n`.includes(`\r\n--${boundary}`))
      const whole = Buffer.concat([Buffer.from(field('name', 'Ada')), aFile(sent), Buffer.from(end)])
      const sorted = [0, ...places.map((place) => place % whole.length).toSorted((a, b) => a - b), whole.length]
      const pieces = sorted.slice(1).map((to, index) => whole.subarray(sorted[index], to))
      expect(await send(pieces)).toEqual({
        ...{ bytes: sent.length, sha256: sha256(sent), written: sha256(sent) },
        ...{ fileName: 'a.wav', fields: { name: 'Ada' } },
      })
    }),
    { numRuns: 200 },
  )
})
