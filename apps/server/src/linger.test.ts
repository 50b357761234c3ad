import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { type LingerLimits, linger } from './linger.ts'

const patient: LingerLimits = { wholeMs: 60_000, idleMs: 60_000 }
let limits = patient
const server = createServer((req, res) => {
  linger(req, res, limits)
  res.statusCode = 400
  res.end('refused')
}).listen(0, '127.0.0.1')
await once(server, 'listening')
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Begins a request of which most is still to come, and reads its answer. */
async function refused(headers = ''): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\n${headers}content-length: 1000000\r\n\r\n`)
  socket.write(Buffer.alloc(1_000))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 .*refused$/s)
  return socket
}

/** However it is closed. */
function closed(socket: Socket): Promise<void> {
  socket.resume()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

test('who sends all the same what was refused is not cut off, and is heard when it is over', async () => {
  const socket = await refused()
  socket.write(Buffer.alloc(999_000))
  socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nall')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 .*refused$/s)
  socket.destroy()
})

test('who says that it was the last request is let go when all of it has come', async () => {
  const socket = await refused('connection: close\r\n')
  socket.end(Buffer.alloc(999_000))
  await closed(socket)
})

test('who sends nothing more is let go after a while', async () => {
  limits = { ...patient, idleMs: 100 }
  const socket = await refused()
  await closed(socket)
})

test('who goes on for ever is let go, too', async () => {
  limits = { ...patient, wholeMs: 500 }
  const socket = await refused()
  const go = () => void (socket.destroyed || socket.write('x', () => setImmediate(go)))
  go()
  await closed(socket)
})
