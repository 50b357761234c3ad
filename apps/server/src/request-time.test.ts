import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { limitTime } from './request-time.ts'

/** What is done with a request besides. */
let then: (res: ServerResponse) => void = () => undefined
const server = createServer((req, res) => {
  limitTime(req, res, 100)
  req.resume()
  then(res)
}).listen(0, '127.0.0.1')
await once(server, 'listening')
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Sends what is given and nothing else; answers all that comes until the connection ends. */
async function send(request: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(request)
  return text(socket)
}
const post = 'POST / HTTP/1.1\r\nhost: localhost\r\n'

test.each([
  ['says how long it is', 'content-length: 10\r\n\r\nhalf'],
  ['comes in chunks', 'transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ['does not begin', 'content-length: 10\r\n\r\n'],
])('a body that does not come to its end in time is not waited for, where it %s', async (_how, rest) => {
  expect(await send(post + rest)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nconnection: close\r\n/)
})

test('where an answer has begun, the connection ends without another one', async () => {
  then = (res) => {
    res.write('begun')
  }
  const answer = await send(`${post}content-length: 10\r\n\r\nhalf`)
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/)
  expect(answer).not.toContain('408')
})

test.each([
  ['a body that came', `${post}connection: close\r\ncontent-length: 4\r\n\r\nfull`],
  ['no body', 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
])('an answer to %s may take longer', async (_what, request) => {
  then = (res) => void setTimeout(() => res.end('late'), 300)
  expect(await send(request)).toMatch(/^HTTP\/1\.1 200 OK.*late/s)
})
