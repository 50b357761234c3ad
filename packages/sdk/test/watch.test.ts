import { startLoqui } from '@loqui/server/testing'
import { expect, test, vi } from 'vitest'
import { Loqui, type LoquiOptions } from '../src/index.ts'
import { openProxy } from './proxy.ts'

const server = await startLoqui()
const ways = [
  ['a socket', {}],
  ['server-sent events', { WebSocket: null }],
] as const

/** A person, and a client of theirs whose way to the server can be cut. */
async function lossy(options: LoquiOptions) {
  const { key } = await server.user()
  const proxy = await openProxy(server.url)
  const direct = new Loqui({ baseUrl: server.url, apiKey: key })
  return {
    direct,
    client: new Loqui({ baseUrl: proxy.url, apiKey: key, ...options }),
    proxy,
    speak: () => direct.speak({ text: 'Hello, and how are you today?', voiceId: 'stella', format: 'wav' }),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}

test.each(ways)('what happens to the library comes once and in order over %s that is cut', async (_way, options) => {
  await using person = await lossy(options)
  const { direct, client, proxy } = person
  const { id } = await direct.samples.upload(await (await person.speak()).blob(), { name: 'first' })
  const seen: string[] = []
  for await (const { type, subjectId } of client.library.watch({ lastEventId: '0' })) {
    expect(subjectId).toBe(id)
    seen.push(type)
    if (type === 'sample.deleted') break
    proxy.cut()
    if (seen.length < 4) await direct.samples.rename(id, `name ${seen.length}`)
    else await direct.samples.delete(id)
  }
  expect(seen).toEqual(['sample.created', 'sample.renamed', 'sample.renamed', 'sample.renamed', 'sample.deleted'])
})

test.each(ways)(
  'what is used is told at once, and again after each change, over %s that is cut',
  async (_way, options) => {
    await using person = await lossy(options)
    const { direct, client, proxy } = person
    const seen: number[] = []
    for await (const { usage } of client.usage.watch()) {
      // What is held for a generation that runs changes, too.
      if (usage.usedMs === seen.at(-1)) continue
      seen.push(usage.usedMs)
      if (seen.length === 3) break
      proxy.cut()
      await person.speak()
    }
    const { usedMs } = await direct.usage.current()
    expect(seen).toEqual([0, usedMs / 2, usedMs])
  },
)

test('what is used can be followed by who has not used anything yet', async () => {
  const { key } = await server.user()
  const client = new Loqui({ baseUrl: server.url, apiKey: key })
  for await (const { id, usage } of client.usage.watch()) {
    expect({ id, usage }).toEqual({ id: '0', usage: await client.usage.current() })
    break
  }
})

test('who subscribes to too much waits for room', { timeout: 60_000 }, async () => {
  const { key } = await server.user()
  let asked = 0
  const client = new Loqui({
    baseUrl: server.url,
    apiKey: key,
    WebSocket: null,
    fetch(input, init) {
      asked++
      return fetch(input, init)
    },
  })
  const first = client.usage.watch()
  await first.next()
  const others = Array.from({ length: 99 }, () => client.usage.watch())
  await Promise.all(others.map((other) => other.next()))
  const late = client.usage.watch()
  const change = late.next()
  // It was refused, and asks again after as long as it was told to wait.
  await vi.waitFor(() => expect(asked).toBeGreaterThan(101), 30_000)
  await first.return()
  expect((await change).value?.id).toBe('0')
  await Promise.all([late, ...others].map((watching) => watching.return()))
})
