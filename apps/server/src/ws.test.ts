import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startLoqui } from './testing.ts'

const loqui = await startLoqui({ workers: 0 })

/** Sends bytes as they are, and answers the status line that comes back. */
async function raw(request: string): Promise<string> {
  const socket = connect(Number(new URL(loqui.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(request)
  const answer = await text(socket)
  return answer.slice(0, answer.indexOf('\r\n'))
}

const upgrade = (target: string, headers: string[] = ['Host: localhost']) =>
  [
    `GET ${target} HTTP/1.1`,
    ...headers,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n')

test.each([
  ['//', ['Host: localhost']],
  ['//[', ['Host: localhost']],
  ['/trpc', ['Host: [']],
  ['/trpc', ['Host: a b']],
  ['http://[/trpc', ['Host: localhost']],
])('an upgrade to %s with %s is refused and does the server no harm', async (target, headers) => {
  expect(await raw(upgrade(target, headers))).toMatch(/^HTTP\/1.1 40[04] /)
  expect((await fetch(`${loqui.url}/live`)).status).toBe(200)
})

test('a refused client that resets its connection does the server no harm', async () => {
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connect(Number(new URL(loqui.url).port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(upgrade('/nowhere'), () => socket.resetAndDestroy())
      await once(socket, 'close')
    }),
  )
  expect((await fetch(`${loqui.url}/live`)).status).toBe(200)
})
