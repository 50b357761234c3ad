import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createGeneration, createGenerationInput } from '@loqui/core/generations/create'
import { runGeneration } from '@loqui/core/generations/run'
import { mintKey } from '@loqui/core/keys/mint'
import { rowId, testCore } from '@loqui/core/testing/core'
import { createToneEngine, toneMsPerCharacter } from '@loqui/core/testing/engine'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createConnections, fixedLimits } from './connections.ts'
import { createHttp } from './http.ts'
import { eventually } from './testing.ts'

const listenerStalledMs = 3_000
const engine = createToneEngine({ segmentCharacters: 2_000 })
const core = await testCore([engine])
const user = await core.user({ planId: 'unlimited' })
const { secret } = await mintKey(core.db, {
  userId: user.id,
  name: 'test',
  scopes: ['generations:read'],
  expiresAt: null,
})

const limits = { ...fixedLimits, socketsPerUser: 9, connectionsPerAddress: 9, listenerStalledMs }
const connections = createConnections(limits)
// Of what goes over it the system takes half a megabyte off our hands, and not five as between addresses.
const directory = await mkdtemp(path.join(tmpdir(), `loqui-test-${process.pid}-`))
const socketPath = path.join(directory, 'socket')
const publicUrl = new URL('http://localhost:3000')
const server = createServer(
  createHttp(core.services, {
    ...{ publicUrl, origins: [publicUrl.origin], trustedProxies: [], connections, providers: {} },
    ...{ studioDirectory: import.meta.dirname, ready: async () => true, draining: () => false },
  }),
).listen(socketPath)
await once(server, 'listening')
/** Of the server's side, in the order in which they were opened. */
const sockets: Socket[] = []
server.on('connection', (socket) => void sockets.push(socket))
afterAll(async () => {
  connections.close()
  server.closeAllConnections()
  server.close()
  await rm(directory, { recursive: true, force: true })
})

const sentence = 'Alice was beginning to get very tired of sitting by her sister on the bank. '
/** Two minutes: more than the system takes off our hands, in any format. */
const chapter = sentence.repeat(160)

/** A generation whose last words are not spoken until it is told to go on. */
async function held() {
  const goOn = Promise.withResolvers<void>()
  const voiceId = `voi_${await core.voiceId('low')}`
  const input = createGenerationInput.parse({ text: `${chapter}\n\nThe end.`, voiceId, format: 'wav' })
  const { id } = await createGeneration(user.as, input)
  const holding: typeof engine = {
    ...engine,
    async speak(request, options) {
      if (request.text === 'The end.') await goOn.promise
      return engine.speak(request, options)
    },
  }
  const services = { ...core.services, engines: new Map([[engine.id, holding]]) }
  const running = runGeneration(services, { generationId: rowId(id) }, new AbortController().signal)
  return {
    id,
    async goOn() {
      goOn.resolve()
      await running
    },
  }
}

/** Asks for its audio on a connection of its own, and takes nothing that is not read of the answer. */
async function listen(id: string, query: string, highWaterMark = 65_536) {
  const address = `/api/v1/generations/${id}/audio?sampleRate=48000&${query}`
  const request = get({
    ...{ socketPath, path: address, agent: false, highWaterMark },
    headers: { authorization: `Bearer ${secret}` },
  })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  onTestFinished(() => void response.destroy())
  response.on('error', () => undefined)
  return { response, socket: sockets.at(-1) as Socket }
}

/** Takes 600 kB for each second that has gone by, whenever it is called: in all that time, what it has taken. */
function littleByLittle(response: IncomingMessage): () => number {
  const began = performance.now()
  let taken = 0
  return () => {
    const due = (performance.now() - began) * 600 - taken
    taken += response.read(Math.min(Math.floor(due), response.readableLength))?.length ?? 0
    return taken
  }
}

const inAac = 'format=aac&bitRate=192'

test('who takes nothing loses its place, and not who takes little or waits for more', { timeout: 60_000 }, async () => {
  const { id, goOn } = await held()
  const waiting = await listen(id, 'format=pcm')
  let taken = 0
  waiting.response.on('data', ({ length }: Buffer) => (taken += length))
  // From here on nothing is made: what is not dropped for it was silent for as long.
  await eventually(() => taken, 30_000).toBeGreaterThan(chapter.length * toneMsPerCharacter * 95)
  const stalled = [await listen(id, inAac), await listen(id, inAac)]
  expect(stalled.map(({ response }) => response.statusCode)).toEqual([200, 200])
  expect((await listen(id, inAac)).response.statusCode).toBe(503)

  // It has enough at hand for as long as this process may be busy.
  const slow = await listen(id, 'format=pcm', 1 << 20)
  const takeLittle = littleByLittle(slow.response)
  const areDropped = () => {
    takeLittle()
    return stalled.every(({ socket }) => socket.destroyed)
  }
  await eventually(areDropped, 30_000).toBe(true)
  expect([slow.socket.destroyed, waiting.socket.destroyed]).toEqual([false, false])
  let takenSlowly = takeLittle()
  slow.response.on('data', ({ length }: Buffer) => (takenSlowly += length))

  const next = [await listen(id, inAac), await listen(id, inAac)]
  for (const { response } of next) {
    expect(response.statusCode).toBe(200)
    await once(response, 'data')
    response.destroy()
  }

  const ends = [once(waiting.response, 'end'), once(slow.response, 'end')]
  await goOn()
  await Promise.all(ends)
  expect(takenSlowly).toBe(taken)
})
