import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { sendStream } from './send-stream.ts'

/** What is answered next, in the order in which it is asked for. */
const answers: ((res: ServerResponse) => void)[] = []
const server = createServer((_req, res) => answers.shift()?.(res)).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Answers one request with a stream. */
function answer(stream: Readable, bytes: number) {
  const sent = Promise.withResolvers<void>()
  sent.promise.catch(() => undefined)
  answers.push((res) => {
    res.setHeader('content-length', bytes)
    sendStream(stream, res, bytes)
      .catch((error: unknown) => {
        res.destroy()
        throw error
      })
      .then(sent.resolve, sent.reject)
  })
  return sent.promise
}

const chunks = (count: number) => Array.from({ length: count }, () => Buffer.from(randomBytes(65_536).buffer))
const streamOf = (given: readonly Uint8Array[]) => Readable.from(given, { objectMode: false })
const ask = () => fetch(`http://127.0.0.1:${port}/`)

test('a stream arrives as it is, and its memory is given back', async () => {
  const given = chunks(40)
  const whole = createHash('sha256').update(Buffer.concat(given)).digest('hex')
  const sent = answer(streamOf(given), 40 * 65_536)
  const received = Buffer.from(await (await ask()).arrayBuffer())
  await sent
  expect(createHash('sha256').update(received).digest('hex')).toBe(whole)
  expect(given.map((chunk) => chunk.byteLength)).toEqual(Array(40).fill(0))
})

test('answers that are asked for in a row, without waiting, come in a row', async () => {
  const given = [chunks(3), chunks(1), chunks(2)]
  const whole = Buffer.concat(given.flat())
  const sent = given.map((each) => answer(streamOf(each), each.length * 65_536))
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2))
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  const received = await buffer(socket)
  await Promise.all(sent)
  const bodies = received.toString('latin1').split(/HTTP\/1\.1 200 OK\r\n.*?\r\n\r\n/s)
  expect(Buffer.from(bodies.join(''), 'latin1').equals(whole)).toBe(true)
})

test('of what its reader does not take no more is read', async () => {
  let read = 0
  const stream = new Readable({
    highWaterMark: 65_536,
    read() {
      read += 65_536
      this.push(Buffer.alloc(65_536))
    },
  })
  const sent = answer(stream, 2 ** 40)
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'readable')
  // The kernel takes some megabytes on its own account; then nothing moves until the reader leaves.
  let before = -1
  await expect
    .poll(
      () => {
        const stands = read === before
        before = read
        return stands
      },
      { interval: 200 },
    )
    .toBe(true)
  expect(read).toBeLessThan(64 << 20)
  socket.destroy()
  await expect(sent).rejects.toThrow()
  expect(stream.destroyed).toBe(true)
})

test.each([
  ['ends too early', streamOf(chunks(1)), /ends after 65536 of 70000 bytes/],
  ['is longer than it says', streamOf(chunks(2)), /more than 70000 bytes/],
  [
    'breaks off',
    Readable.from(
      (async function* () {
        yield* chunks(1)
        throw new Error('the store is gone')
      })(),
    ),
    /the store is gone/,
  ],
])('a stream that %s ends the connection: nobody takes a part for the whole', async (_how, stream, message) => {
  const sent = answer(stream, 70_000)
  const received = ask().then((response) => response.arrayBuffer())
  await expect(received).rejects.toThrow(TypeError)
  await expect(sent).rejects.toThrow(message)
})

test('a reader who left before there was anything to send is noticed', async () => {
  const gone = Promise.withResolvers<unknown>()
  const stream = new Readable({ read() {} })
  answers.push((res) =>
    res.once('close', () => {
      sendStream(stream, res, 10).catch(gone.resolve)
    }),
  )
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(server, 'request')
  socket.resetAndDestroy()
  expect(await gone.promise).toMatchObject({ message: 'the reader left' })
  expect(stream.destroyed).toBe(true)
})
