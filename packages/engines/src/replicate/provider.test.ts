import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import { signWebhook } from '@loqui/fake-replicate/webhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine, Provider, SpeakRequest } from '../engine.ts'
import { createJournal } from '../testing-journal.ts'
import { openEngines } from './testing.ts'

let fake: FakeReplicate
let engines: Engine[]
let base: Engine
let provider: Provider
beforeEach(async () => {
  fake = await startFakeReplicate({ createsPerMinute: 10_000 })
  engines = openEngines(fake)
  const [first] = engines
  if (!first?.provider) throw new Error('there is no engine')
  base = first
  provider = first.provider
})
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
  await fake.close()
})

const signal = new AbortController().signal
const request: SpeakRequest = { text: 'Hello there.', voice: 'standard', settings: {} }
const announce = async (mark = crypto.randomUUID()) => ({ mark, announcedAt: new Date(), request })

/** Makes calls whose ids nobody keeps. */
async function lose(more: Partial<SpeakRequest> = {}) {
  const journal = createJournal()
  await base.speak({ ...request, ...more }, { signal, calls: journal })
  const [entry] = journal.entries
  if (!entry) throw new Error('nothing was announced')
  return { mark: entry.mark, announcedAt: entry.announcedAt, request: { ...request, ...more } }
}

test('a call is found among hundreds of the same text, behind as many pages as it takes', async () => {
  const lost = await lose()
  for (let count = 0; count < 250; count++) {
    const body = JSON.stringify({ input: { prompt: request.text, seed: 1 + count } })
    const headers = { authorization: `Bearer ${fake.token}` }
    await fetch(`${fake.baseUrl}/models/resemble-ai/chatterbox/predictions`, { method: 'POST', headers, body })
  }
  expect(await provider.find(lost, { signal })).toEqual([
    {
      id: fake.predictions[0]?.id,
      state: 'succeeded',
      createdAt: new Date(fake.predictions[0]?.createdAt ?? 0),
      available: true,
      costMicros: 300,
    },
  ])
  expect(
    fake.requests.filter(({ path }) => path.startsWith('/v1/predictions?') || path === '/v1/predictions').length,
  ).toBe(3)
})

test('calls of another mark, model or time are not taken for it', async () => {
  const lost = await lose()
  expect(await provider.find(await announce(), { signal })).toEqual([])
  const [, , multilingual] = engines
  expect(await multilingual?.provider?.find(lost, { signal })).toEqual([])
  const later = { ...lost, announcedAt: new Date(lost.announcedAt.getTime() + 120_000) }
  expect(await provider.find(later, { signal })).toEqual([])
})

test('calls that are the same to the seed are all told, oldest first', async () => {
  const first = await lose({ seed: 7 })
  await lose({ seed: 7 })
  const found = await provider.find(first, { signal })
  expect(found.map(({ id }) => id)).toEqual(fake.predictions.map(({ id }) => id))
})

test('of two calls that are the same to the seed each follows its own', async () => {
  const taken = new Set<string>()
  fake.fail({ on: 'create', fault: { kind: 'reset', after: true } })
  const journals = [1, 2].map(() => createJournal((id) => taken.size < taken.add(id).size === false))
  await Promise.all(journals.map((calls) => base.speak({ ...request, seed: 7 }, { signal, calls })))
  const ids = journals.map(({ entries }) => entries[0]?.providerId)
  expect(new Set(ids).size).toBe(2)
  expect(fake.predictions.length).toBe(2)
})

test('a call is shown as it stands, and what it cost once it has ended', async () => {
  fake.fail({ on: 'run', fault: { kind: 'stick' } })
  const leaving = new AbortController()
  const journal = createJournal()
  const call = base.speak(request, { signal: leaving.signal, calls: journal })
  call.catch(() => undefined)
  await expect.poll(() => fake.predictions[0]?.status, { interval: 5 }).toBe('processing')
  const { id } = fake.predictions[0]!
  expect(await provider.get(id, { signal })).toMatchObject({ id, state: 'running', available: false, costMicros: null })
  expect(await provider.cancel(id, { signal })).toMatchObject({ state: 'canceled', costMicros: 300 })
  await expect(call).rejects.toMatchObject({ code: 'aborted', costMicros: 300 })
  expect(await provider.get('nothing', { signal })).toBeNull()
  expect(await provider.cancel('nothing', { signal })).toBeNull()
})

test('a call is forgotten after the hour that it is kept', async () => {
  const lost = await lose()
  fake.clock.advance(provider.keepsForMs + 1_000)
  expect(await provider.get(fake.predictions[0]!.id, { signal })).toMatchObject({ available: false, costMicros: null })
  expect(await provider.find(lost, { signal })).toEqual([])
})

test('failures have the names of engines, and an abort its reason', async () => {
  fake.fail({ on: 'api', fault: { kind: 'status', status: 401 } })
  await expect(provider.get('any', { signal })).rejects.toMatchObject({ name: 'EngineError', code: 'unauthorized' })
  const reason = new Error('enough')
  await expect(provider.find(await announce(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('the token goes to the base address alone, wherever the next page is said to be', async () => {
  const lost = await lose()
  const page = { next: 'http://127.0.0.1:9/v1/predictions?cursor=abc', results: [] }
  const results = [{ id: 'x', status: 'succeeded', created_at: new Date().toISOString() }]
  const base64 = Buffer.from(JSON.stringify({ ...page, results })).toString('base64')
  fake.fail({ on: 'list', fault: { kind: 'bytes', base64 }, times: 1 })
  expect(await provider.find(lost, { signal })).toHaveLength(1)
  expect(fake.requests.at(-1)?.path).toBe('/v1/predictions?cursor=abc')
})

test('many messages that come at once ask for the secret once, and one that is waited for no longer keeps it from no other', async () => {
  const body = '{"id":"abc123","status":"succeeded"}'
  const message = { headers: signWebhook('msg_1', Date.now(), body, fake.webhooks.secret), body: Buffer.from(body) }
  const impatient = new AbortController()
  const first = provider.receive(message, { signal: impatient.signal })
  const others = Array.from({ length: 50 }, () => provider.receive(message, { signal }))
  impatient.abort(new Error('too late'))
  await expect(first).rejects.toThrow('too late')
  for (const read of await Promise.all(others)) expect(read).toMatchObject({ callId: 'abc123' })
  expect(fake.requests.filter(({ path }) => path.endsWith('/secret'))).toHaveLength(1)
})
