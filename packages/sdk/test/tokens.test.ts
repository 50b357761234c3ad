import { eventually, startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'
import { type GenerationEvent, Loqui, PermissionDeniedError, UnauthenticatedError } from '../src/index.ts'

const server = await startLoqui()
const person = await server.user({ planId: 'unlimited' })
const owner = new Loqui({ baseUrl: server.url, apiKey: person.key })
const voiceId = 'stella'
const text = 'These are words enough to be a sample of a voice. They are spoken in two segments.'

/** A page's client, by a token of a key that may do what is needed. */
async function openPage(scopes: Parameters<typeof owner.tokens.create>[0]['scopes']) {
  const { key, secret } = await owner.keys.create({ name: 'of pages', scopes: [...scopes, 'usage:read'] })
  const maker = new Loqui({ baseUrl: server.url, apiKey: secret })
  const { token } = await maker.tokens.create({ scopes })
  return { key, server: maker, token, page: new Loqui({ baseUrl: server.url, token }) }
}

const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => 'ok',
    (error: unknown) =>
      error instanceof PermissionDeniedError || error instanceof UnauthenticatedError ? error.reason : error,
  )

test('a page speaks by a token: over calls, the socket, events and downloads', async () => {
  const { page, token } = await openPage(['generations:read', 'generations:write', 'samples:write'])
  for (const client of [page, new Loqui({ baseUrl: server.url, token, WebSocket: null })]) {
    const types: string[] = []
    const { id } = await client.generations.create({ text, voiceId, format: 'wav' })
    for await (const { type } of client.generations.watch(id)) types.push(type)
    expect(types.at(-1)).toBe('succeeded')
    const audio = await client.generations.audio(id)
    expect((await client.samples.upload(await audio.blob(), { name: 'its own' })).name).toBe('its own')
    expect((await client.generations.captions(id)).generationId).toBe(id)
    expect((await owner.generations.get(id)).state).toBe('succeeded')
  }
})

test('it may do no more than it says, nor make others', async () => {
  const { page, server: maker } = await openPage(['generations:read'])
  await page.generations.list()
  const calls = [
    () => page.generations.create({ text, voiceId }),
    () => page.usage.current(),
    () => page.keys.list().page(),
    () => page.samples.upload(new Blob(['RIFF']), { name: 'no' }),
  ]
  for (const call of calls) expect(await reasonOf(call())).toBe('scope_missing')
  expect(await reasonOf(page.tokens.create({ scopes: ['generations:read'] }))).toBe('forbidden')
  expect(await reasonOf(maker.tokens.create({ scopes: ['voices:read'] }))).toBe('scope_missing')
})

test('it ends with its key: calls, downloads, and what it watches', async () => {
  const { page, key } = await openPage(['generations:read', 'generations:write'])
  const { generation } = await page.speak({ text: 'Hello.', voiceId })
  const watch = async () => {
    for await (const _ of page.events()) await owner.keys.revoke(key.id)
  }
  // It may end while the calls below are under way.
  const watched = reasonOf(watch())
  // What happens until it listens is told, too.
  await page.generations.create({ text: 'Hello again.', voiceId })
  await owner.generations.create({ text: 'And again.', voiceId })
  expect(await watched).toBe('api_key_revoked')
  expect(await reasonOf(page.generations.get(generation.id))).toBe('api_key_revoked')
  expect(await reasonOf(page.generations.audio(generation.id))).toBe('api_key_revoked')
})

/** A token that is over. */
async function expired(maker: Loqui): Promise<string> {
  const { token } = await maker.tokens.create({ scopes: ['generations:read'], expiresInSeconds: 1 })
  const page = new Loqui({ baseUrl: server.url, token })
  await eventually(() => reasonOf(page.generations.list().page())).toBe('token_expired')
  return token
}

test('a token that is over is asked for anew, once for all that find it so', async () => {
  const { server: maker } = await openPage(['generations:read', 'generations:write', 'samples:write'])
  const over = await expired(maker)
  let asked = 0
  const page = new Loqui({
    baseUrl: server.url,
    async token() {
      if (++asked === 1) return over
      return (await maker.tokens.create({ scopes: ['generations:read', 'generations:write', 'samples:write'] })).token
    },
  })
  await Promise.all([page.generations.list({ limit: 1 }), page.generations.list({ limit: 1 })])
  expect(asked).toBe(2)
  const speech = await page.speak({ text: 'These are words enough to be a sample of a voice.', voiceId, format: 'wav' })
  await page.samples.upload(await speech.blob(), { name: 'by the second' })
  expect(asked).toBe(2)
})

test('downloads, uploads and events begin with it as well as calls', async () => {
  const { server: maker } = await openPage(['generations:read', 'generations:write', 'samples:write'])
  const over = await expired(maker)
  const again = async () => {
    let asked = 0
    const token = async () =>
      asked++ === 0
        ? over
        : (await maker.tokens.create({ scopes: ['generations:read', 'generations:write', 'samples:write'] })).token
    return new Loqui({ baseUrl: server.url, token })
  }
  const speech = await owner.speak({
    text: 'These are words enough to be a sample of a voice.',
    voiceId,
    format: 'wav',
  })
  const { id } = speech.generation
  expect((await (await again()).generations.audio(id)).status).toBe(200)
  expect((await (await again()).samples.upload(await speech.blob(), { name: 'again' })).name).toBe('again')
  const types: string[] = []
  for await (const { type } of (await again()).generations.watch(id)) types.push(type)
  expect(types.at(-1)).toBe('succeeded')
})

test('events go on with another token where the first ended, none lost and none twice', async () => {
  const { server: maker } = await openPage(['generations:read'])
  let asked = 0
  const token = async () =>
    (await maker.tokens.create({ scopes: ['generations:read'], expiresInSeconds: ++asked === 1 ? 2 : 600 })).token
  const page = new Loqui({ baseUrl: server.url, token })
  const stop = new AbortController()
  const heard: GenerationEvent[] = []
  const listening = (async () => {
    for await (const event of page.events({ lastEventId: '0', signal: stop.signal })) heard.push(event)
  })()
  await owner.speak({ text: 'Before.', voiceId })
  // A key that ends makes the server look again at who listens.
  await eventually(async () => {
    const { key } = await owner.keys.create({ name: 'a reason to look again' })
    await owner.keys.revoke(key.id)
    return asked
  }).toBe(2)
  const { generation } = await owner.speak({ text: 'After.', voiceId })
  await eventually(() =>
    heard.some(({ generationId, state }) => generationId === generation.id && state === 'succeeded'),
  ).toBe(true)
  stop.abort('enough')
  await expect(listening).rejects.toBe('enough')
  const all: GenerationEvent[] = []
  for await (const event of owner.events({ lastEventId: '0' })) {
    all.push(event)
    if (event.id === heard.at(-1)?.id) break
  }
  expect(heard).toEqual(all)
})

test('a source that fails says why, and one that gives the same again is not asked for ever', async () => {
  const failing = new Loqui({
    baseUrl: server.url,
    token: () => {
      throw new Error('nobody is logged in')
    },
  })
  await expect(failing.voices.list().page()).rejects.toThrow('nobody is logged in')
  const over = await expired(owner)
  let asked = 0
  const stubborn = new Loqui({
    baseUrl: server.url,
    token() {
      asked++
      return over
    },
  })
  expect(await reasonOf(stubborn.generations.list().page())).toBe('token_expired')
  expect(asked).toBe(2)
})
