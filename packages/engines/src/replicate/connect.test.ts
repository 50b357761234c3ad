import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { createJournal } from '../testing-journal.ts'
import { createReplicateEngines } from './engine.ts'
import { quick } from './testing.ts'

/** Takes connections and never says who it is, so that none comes about. */
const sockets: Socket[] = []
const silent = createServer((socket) => void sockets.push(socket))
silent.listen(0, '127.0.0.1')
await once(silent, 'listening')
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test('a connection that does not come about is given up in its own time, and nothing was asked', async () => {
  const address = silent.address()
  if (typeof address !== 'object' || !address) throw new Error('it does not listen')
  const [engine] = createReplicateEngines({
    token: 'r8_none',
    baseUrl: `https://127.0.0.1:${address.port}/v1`,
    limiter: { take: async () => undefined },
    timing: { ...quick, connect: 100 },
  })
  if (!engine) throw new Error('there is no engine')
  const journal = createJournal()
  const request = { text: 'Hello there.', voice: 'standard', settings: {} }
  const speaking = engine.speak(request, { signal: new AbortController().signal, calls: journal })
  await expect(speaking).rejects.toMatchObject({ code: 'timeout', retryable: true })
  expect(journal.entries).toMatchObject([{ providerId: null, end: { outcome: 'refused', costMicros: 0 } }])
  await engine.close()
})
