import { execFile } from 'node:child_process'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { startLoqui } from '@loqui/server/testing'
import { expect, test, vi } from 'vitest'
import {
  ConflictError,
  type DebugEntry,
  GenerationFailedError,
  type GenerationStatus,
  InvalidInputError,
  Loqui,
  type LoquiOptions,
  NotFoundError,
  PermissionDeniedError,
  QuotaExceededError,
  TimeoutError,
  toNodeStream,
  UnauthenticatedError,
} from '../src/index.ts'
import { openProxy } from './proxy.ts'

const server = await startLoqui()
const person = await server.user()
// It stays the same when the server is started again.
const { url } = server
const connect = (options: LoquiOptions = {}) => new Loqui({ baseUrl: url, apiKey: person.key, ...options })
const loqui = connect()
const [voice] = (await loqui.voices.list()).items
if (!voice) throw new Error('the server has no voices')
const voiceId = voice.id

const sentences = (count: number) =>
  Array.from({ length: count }, (_, i) => `This is sentence number ${i + 1}.`).join(' ')
/** Long enough to be caught in the middle. */
const longText = sentences(40)

/** Networks that let no socket through: it neither opens nor fails. */
class BlockedWebSocket extends EventTarget {
  static readonly OPEN = 1
  readonly readyState = 0
  close() {}
  send() {}
}
const blocked = BlockedWebSocket as unknown as typeof WebSocket

test('speak answers audio of the length that its generation has', async () => {
  const progress: GenerationStatus[] = []
  const speech = await loqui.speak(
    { text: 'Good morning. How are you?', voiceId, format: 'wav', title: 'Morning' },
    { onProgress: (status) => progress.push(status) },
  )
  expect(speech.headers.get('content-type')).toBe('audio/wav')
  const bytes = new Uint8Array(await speech.arrayBuffer())
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('RIFF')
  const { generation } = speech
  expect(generation).toMatchObject({ state: 'succeeded', title: 'Morning', format: 'wav', voiceId })
  // Samples of two bytes, after a header.
  const spokenMs = ((bytes.length - 44) * 1_000) / (2 * generation.sampleRate)
  expect(Math.abs(spokenMs - (generation.durationMs ?? 0))).toBeLessThan(20)
  expect(progress.map(({ state }) => state)).toEqual(expect.arrayContaining(['running', 'succeeded']))
  expect(progress.at(-1)).toMatchObject({ id: generation.id, segments: generation.segments })
})

test('audio comes in any format, as a stream', async () => {
  const { generation } = await loqui.speak({ text: 'Hello.', voiceId, format: 'wav' })
  const audio = await loqui.generations.audio(generation.id, { format: 'mp3' })
  expect(audio.headers.get('content-type')).toBe('audio/mpeg')
  let length = 0
  for await (const chunk of audio.body!) length += chunk.length
  expect(length).toBe(Number(audio.headers.get('content-length')))
})

test('audio comes as a stream of Node’s own, too', async () => {
  const speech = await loqui.speak({ text: 'Hello.', voiceId, format: 'wav' })
  const stream: Readable = toNodeStream(speech, Readable)
  expect((await buffer(stream)).length).toBe(Number(speech.headers.get('content-length')))
  expect(() => toNodeStream(speech, Readable)).toThrow(TypeError)
})

test('captions say what is spoken when, in each form', async () => {
  const { generation } = await loqui.speak({ text: 'Good morning. How are you?', voiceId })
  const { segments, durationMs } = await loqui.generations.captions(generation.id)
  expect(durationMs).toBe(generation.durationMs)
  expect(segments.flatMap(({ words }) => words.map(({ text }) => text)).join(' ')).toBe('Good morning How are you')
  expect(await loqui.generations.captions(generation.id, 'srt')).toMatch(/^1\r?\n00:00:00,\d{3} --> /)
  expect(await loqui.generations.captions(generation.id, 'vtt')).toMatch(/^WEBVTT/)
  const waiting = await loqui.generations.create({ text: longText, voiceId })
  await expect(loqui.generations.captions(waiting.id)).rejects.toMatchObject({ reason: 'audio_not_ready' })
  await loqui.generations.cancel(waiting.id)
})

test('who listens is told what a client does, without credentials or texts', async () => {
  const told: DebugEntry[] = []
  let failing = true
  const client = connect({
    debug: (entry) => told.push(entry),
    fetch(input, init) {
      if (!failing) return fetch(input, init)
      failing = false
      throw new TypeError('the network is down')
    },
  })
  await client.generations.estimate({ text: 'A secret.', voiceId })
  const path = `${url}/trpc/generations.estimate`
  expect(told).toEqual([
    { type: 'request', method: 'GET', url: path },
    { type: 'failure', method: 'GET', url: path, durationMs: expect.any(Number), error: expect.any(TypeError) },
    {
      type: 'retry',
      retry: 1,
      delayMs: expect.any(Number),
      error: expect.objectContaining({ reason: 'connection_failed' }),
    },
    { type: 'request', method: 'GET', url: path },
    {
      type: 'response',
      method: 'GET',
      url: path,
      status: 200,
      requestId: expect.stringMatching(/^req_/),
      durationMs: expect.any(Number),
    },
  ])
  const { id } = await client.generations.create({ text: 'Another secret.', voiceId })
  await client.generations.wait(id)
  expect(told).toContainEqual({ type: 'socket', state: 'pending' })
  expect(JSON.stringify(told)).not.toMatch(/secret|loqui_live_/)
})

test('a program ends by itself once it has its audio', async () => {
  const program = `
    import { Loqui } from ${JSON.stringify(path.join(import.meta.dirname, '../src/index.ts'))}
    const loqui = new Loqui(${JSON.stringify({ baseUrl: url, apiKey: person.key })})
    const speech = await loqui.speak({ text: 'Hello.', voiceId: ${JSON.stringify(voiceId)} })
    console.log((await speech.arrayBuffer()).byteLength)`
  const args = ['--input-type=module-typescript', '--eval', program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 })
  expect(Number(stdout)).toBeGreaterThan(1_000)
  expect(stderr).toBe('')
})

test.each([
  ['the socket', {}],
  ['server-sent events', { WebSocket: null }],
] as const)('watch sees every event once although %s is cut in the middle', async (_way, options) => {
  await using proxy = await openProxy(url)
  const client = connect({ baseUrl: proxy.url, ...options })
  const { id } = await loqui.generations.create({ text: longText, voiceId })
  const cut = async () => {
    const connections = proxy.connections
    const [worker] = server.workers
    // Else the rest could be done before the next connection is made.
    worker?.pause()
    proxy.cut()
    await vi.waitFor(() => expect(proxy.connections).toBeGreaterThan(connections), 5_000)
    worker?.resume()
  }
  const seen: string[] = []
  const segments: number[] = []
  for await (const event of client.generations.watch(id)) {
    seen.push(event.type)
    if (event.segment) segments.push(event.segment.index)
    if (event.type === 'segment' && segments.length < 4) await cut()
  }
  // The first connection, and one after each cut.
  expect(proxy.connections).toBeGreaterThanOrEqual(4)
  const { segments: made } = await loqui.generations.get(id)
  expect(seen.slice(0, 2)).toEqual(['queued', 'running'])
  expect(seen.at(-1)).toBe('succeeded')
  expect(seen).toHaveLength(made.total + 3)
  expect(segments.toSorted((a, b) => a - b)).toEqual(Array.from({ length: made.total }, (_, i) => i))
})

test('watch goes on when a socket opens and is closed before anything is sent', async () => {
  let sockets = 0
  class ClosingWebSocket extends WebSocket {
    constructor(address: string | URL) {
      super(address)
      if (sockets++ === 0) this.addEventListener('open', () => this.close())
    }
  }
  const { id } = await loqui.generations.create({ text: 'Hello.', voiceId })
  const client = connect({ WebSocket: ClosingWebSocket })
  const seen = await Array.fromAsync(client.generations.watch(id), ({ type }) => type)
  expect(seen.at(-1)).toBe('succeeded')
  expect(sockets).toBeGreaterThan(1)
})

test('watch goes on when the server has started again', async () => {
  const { id } = await loqui.generations.create({ text: longText, voiceId })
  const seen: string[] = []
  for await (const event of loqui.generations.watch(id)) {
    seen.push(event.id)
    if (event.segments.done !== 1) continue
    const [worker] = server.workers
    worker?.pause()
    await server.servers[0]?.end('SIGTERM')
    await server.startServer({ PORT: new URL(url).port, PUBLIC_URL: url })
    worker?.resume()
  }
  expect(seen).toEqual((await Array.fromAsync(loqui.generations.watch(id))).map((event) => event.id))
})

test('wait goes on asking when its socket is closed', async () => {
  const client = connect()
  const { id } = await client.generations.create({ text: sentences(12), voiceId })
  const waiting = client.generations.wait(id, {
    onProgress: ({ segments }) => void (segments.done === 1 && client.close()),
  })
  expect(await waiting).toMatchObject({ state: 'succeeded' })
})

test('watch begins after the event it is told', async () => {
  const { generation } = await loqui.speak({ text: 'Hello.', voiceId })
  const all = await Array.fromAsync(loqui.generations.watch(generation.id))
  expect(all.map(({ type }) => type)).toEqual(['queued', 'running', 'segment', 'succeeded'])
  const rest = await Array.fromAsync(loqui.generations.watch(generation.id, { lastEventId: all[1]!.id }))
  expect(rest).toEqual(all.slice(2))
})

test('watch finds another way where no socket gets through', async () => {
  const { generation } = await loqui.speak({ text: 'Hello.', voiceId })
  const client = connect({ WebSocket: blocked })
  const events = await Array.fromAsync(client.generations.watch(generation.id))
  expect(events.map(({ type }) => type)).toEqual(['queued', 'running', 'segment', 'succeeded'])
})

test('wait works where nothing but plain requests gets through', async () => {
  const client = connect({
    WebSocket: blocked,
    fetch: (input, init) => {
      const accept = new Headers(init?.headers).get('accept')
      return accept === 'text/event-stream' ? Promise.reject(new TypeError('blocked')) : fetch(input, init)
    },
  })
  const { id } = await client.generations.create({ text: 'Hello.', voiceId })
  expect(await client.generations.wait(id)).toMatchObject({ id, state: 'succeeded' })
})

test('wait that takes too long gives up, and the generation goes on', async () => {
  const { id } = await loqui.generations.create({ text: longText, voiceId })
  await expect(loqui.generations.wait(id, { timeoutMs: 1 })).rejects.toBeInstanceOf(TimeoutError)
  // One that has ended would stay as it is.
  expect(await loqui.generations.cancel(id)).toMatchObject({ state: 'canceled' })
})

test('audio is a stream of what is being made, or refused to who wants the whole', async () => {
  const { id } = await loqui.generations.create({ text: longText, voiceId, format: 'pcm' })
  await expect(loqui.generations.audio(id, { complete: true })).rejects.toMatchObject({ reason: 'audio_not_ready' })
  const audio = await loqui.generations.audio(id)
  const reader = audio.body?.getReader()
  expect((await reader?.read())?.value?.length).toBeGreaterThan(0)
  expect(await loqui.generations.cancel(id)).toMatchObject({ state: 'canceled' })
  const rest = async () => {
    while (!(await reader?.read())?.done);
  }
  await expect(rest()).rejects.toThrow()
})

test('speak that is aborted cancels its generation', async () => {
  const abort = new AbortController()
  let id = ''
  const speech = loqui.speak(
    { text: longText, voiceId },
    {
      signal: abort.signal,
      onProgress(status) {
        id = status.id
        if (status.segments.done > 0) abort.abort('enough')
      },
    },
  )
  await expect(speech).rejects.toBe('enough')
  expect(await loqui.generations.get(id)).toMatchObject({ state: 'canceled', chargedMs: 0 })
})

test('speak says so when somebody else cancels', async () => {
  const speech = loqui.speak(
    { text: longText, voiceId },
    { onProgress: ({ id, state }) => void (state === 'running' && loqui.generations.cancel(id)) },
  )
  await expect(speech).rejects.toBeInstanceOf(GenerationFailedError)
  await expect(speech).rejects.toMatchObject({
    message: 'The generation was canceled.',
    generation: { state: 'canceled' },
  })
})

test('create whose answer is lost is made once all the same', async () => {
  const someone = await server.user()
  let lost = 0
  const client = connect({
    apiKey: someone.key,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (lost++ > 0) return response
      await response.body?.cancel()
      throw new TypeError('the connection was lost')
    },
  })
  const generation = await client.generations.create({ text: 'Hello.', voiceId })
  expect(lost).toBe(2)
  expect((await client.generations.list()).items.map(({ id }) => id)).toEqual([generation.id])
  await client.generations.wait(generation.id)
})

test('the same idempotency key gives the same generation, and none for other words', async () => {
  const idempotencyKey = 'newsletter-47'
  const first = await loqui.generations.create({ text: 'Hello.', voiceId }, { idempotencyKey })
  expect(await loqui.generations.create({ text: 'Hello.', voiceId }, { idempotencyKey })).toEqual(first)
  const other = loqui.generations.create({ text: 'Goodbye.', voiceId }, { idempotencyKey })
  await expect(other).rejects.toMatchObject({ name: 'ConflictError', reason: 'idempotency_key_reused' })
  await loqui.generations.wait(first.id)
})

test('every refusal is of a class, with its reason', async () => {
  const nobody = 'gen_0197a5e2-7c1b-7def-8a2b-0123456789ab'
  await expect(loqui.generations.create({ text: ' ', voiceId })).rejects.toBeInstanceOf(InvalidInputError)
  await expect(loqui.generations.get(nobody)).rejects.toBeInstanceOf(NotFoundError)
  await expect(loqui.generations.wait(nobody)).rejects.toBeInstanceOf(NotFoundError)
  await expect(loqui.generations.audio(nobody)).rejects.toMatchObject({ reason: 'generation_not_found', status: 404 })
  await expect(Array.fromAsync(loqui.generations.watch(nobody))).rejects.toBeInstanceOf(NotFoundError)
  await expect(connect({ apiKey: 'loqui_live_nonsense' }).auth.me()).rejects.toBeInstanceOf(UnauthenticatedError)
  const stranger = connect({ apiKey: 'loqui_live_nonsense', WebSocket: null })
  await expect(Array.fromAsync(stranger.events())).rejects.toBeInstanceOf(UnauthenticatedError)

  const { id: planId } = await admin(await server.user({ role: 'admin' })).admin.plans.upsert({
    ...tinyPlan,
    id: 'tiny',
  })
  const poor = connect({ apiKey: (await server.user({ planId })).key })
  const refused = poor.generations.create({ text: longText, voiceId })
  await expect(refused).rejects.toBeInstanceOf(QuotaExceededError)
  await expect(refused).rejects.toMatchObject({ requestId: expect.stringMatching(/./), status: 429 })
})

const tinyPlan = {
  name: 'Tiny',
  secondsPerMonth: 1,
  requestsPerMinute: 60,
  concurrency: 1,
  storageBytes: 1_000_000,
  maxCharacters: 10_000,
}
const admin = ({ key }: { readonly key: string }) => connect({ apiKey: key })

test('only an administrator changes plans and accounts', async () => {
  const boss = admin(await server.user({ role: 'admin' }))
  const plan = await boss.admin.plans.upsert({ ...tinyPlan, id: 'small', secondsPerMonth: 7 })
  expect(await loqui.plans.list()).toContainEqual(plan)
  const someone = await server.user()
  expect(await boss.admin.users.update({ id: someone.id, planId: 'small' })).toMatchObject({ planId: 'small' })
  expect(await connect({ apiKey: someone.key }).usage.current()).toMatchObject({ plan, grantedMs: 7_000 })
  const forbidden = loqui.admin.users.update({ id: person.id, role: 'admin' })
  await expect(forbidden).rejects.toBeInstanceOf(PermissionDeniedError)
})

test('an administrator adjusts and refunds once, also when the answer is lost and the call made again', async () => {
  const { key } = await server.user({ role: 'admin' })
  const someone = await server.user({ planId: 'free' })
  const theirs = connect({ apiKey: someone.key })
  const speech = await theirs.speak({ text: 'Give it back.', voiceId })
  await speech.arrayBuffer()

  const sent: string[] = []
  const forgetful: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    const { pathname } = new URL(String(input))
    if (sent.push(pathname) % 2 === 0) return response
    await response.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  const boss = connect({ apiKey: key, fetch: forgetful })
  const { account, entry } = await boss.admin.quota.adjust({ userId: someone.id, ms: 5_000, note: 'A gift.' })
  expect(entry).toMatchObject({ kind: 'adjust', ms: 5_000, note: 'A gift.' })
  const refund = await boss.admin.quota.refund({ generationId: speech.generation.id, note: 'It lisped.' })
  expect(refund).toMatchObject({ kind: 'refund', ms: speech.generation.chargedMs, generationId: speech.generation.id })
  expect(sent).toEqual(['adjust', 'adjust', 'refund', 'refund'].map((verb) => `/trpc/admin.quota.${verb}`))

  expect(await theirs.usage.current()).toMatchObject({ adjustedMs: 5_000, grantedMs: account.grantedMs, usedMs: 0 })
  const entries = await Array.fromAsync(admin({ key }).admin.quota.entries({ userId: someone.id, limit: 2 }))
  expect(entries.map(({ kind }) => kind)).toEqual(['refund', 'adjust', 'settle', 'reserve', 'grant'])
  await expect(
    admin({ key }).admin.quota.refund({ generationId: speech.generation.id, note: 'Again.' }),
  ).rejects.toMatchObject({ name: 'ConflictError', reason: 'refund_not_possible', status: 409 })
})

test('what was used, what it cost and what would be used are numbers to go on with', async () => {
  const someone = await server.user({ planId: 'free' })
  const client = connect({ apiKey: someone.key })
  const { estimatedMs, reservedMs, fits, remainingMs, remainingAfterMs } = await client.generations.estimate({
    text: 'How long will this be?',
    voiceId,
  })
  expect({ fits, remainingAfterMs }).toEqual({ fits: true, remainingAfterMs: remainingMs - reservedMs })
  const speech = await client.speak({ text: 'How long will this be?', voiceId })
  await speech.arrayBuffer()
  expect(speech.generation).toMatchObject({ estimatedMs, reservedMs })
  const sums = { generations: 1, characters: 22, chargedMs: speech.generation.chargedMs, costMicros: 0 }
  const { rows, total } = await client.usage.history({ by: 'voice' })
  expect(rows).toEqual([{ id: voiceId, name: voice.name, ...sums }])
  expect(total).toEqual(sums)

  const boss = admin(await server.user({ role: 'admin' }))
  expect((await boss.admin.costs()).rows).toContainEqual({ id: someone.id, name: someone.email, ...sums })
  expect((await boss.admin.users.list({ search: someone.email })).items).toMatchObject([{ id: someone.id }])
  const budget = await boss.admin.budgets.set({ userId: someone.id, alertMicros: null, limitMicros: 5_000_000 })
  expect(await boss.admin.users.get(someone.id)).toMatchObject({ usage: { usedMs: sums.chargedMs }, budget })
  expect(await Array.fromAsync(boss.admin.budgets.list())).toContainEqual(budget)
  expect(await boss.admin.budgets.set({ userId: someone.id, alertMicros: null, limitMicros: null })).toBeNull()
  expect(await boss.admin.plans.list()).toContainEqual(expect.objectContaining({ id: 'free', accounts: 2 }))
  await expect(client.usage.history({ from: '2026-02-02', to: '2026-02-01' })).rejects.toMatchObject({
    name: 'InvalidInputError',
    issues: [{ field: 'from' }],
  })
})

test('another take of some segments keeps the others, and is made once where its answer is lost', async () => {
  const first = await loqui.speak({ text: 'One thing.\n\nAnother thing.', voiceId, format: 'wav' })
  const { id } = first.generation
  let lost = 0
  const client = connect({
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (lost++ > 0) return response
      await response.body?.cancel()
      throw new TypeError('the connection was lost')
    },
  })
  const take = await client.generations.retake(id, { segments: [1] })
  expect(take).toMatchObject({ takeOf: id, text: first.generation.text, format: 'wav' })
  expect(await loqui.generations.wait(take.id)).toMatchObject({ state: 'succeeded', segments: { total: 2, cached: 1 } })
  const { items } = await loqui.generations.list({ takeOf: id })
  expect(items.map((item) => item.id)).toEqual([take.id, id])
  await expect(loqui.generations.retake(id, { segments: [2] })).rejects.toBeInstanceOf(InvalidInputError)
})

test('a listing pages by itself, newest first', async () => {
  const client = connect({ apiKey: (await server.user()).key })
  const made: string[] = []
  for (const text of ['One.', 'Two.', 'Three.']) made.unshift((await client.generations.create({ text, voiceId })).id)
  expect((await Array.fromAsync(client.generations.list({ limit: 2 }))).map(({ id }) => id)).toEqual(made)
  const { items, nextCursor } = await client.generations.list({ limit: 2 })
  expect(items.map(({ id }) => id)).toEqual(made.slice(0, 2))
  expect(await client.generations.list().page({ cursor: nextCursor })).toMatchObject({ nextCursor: null })
  for (const id of made) await client.generations.wait(id)
})

test('what is deleted is gone', async () => {
  const { generation } = await loqui.speak({ text: 'Hello.', voiceId })
  await loqui.generations.delete(generation.id)
  await expect(loqui.generations.get(generation.id)).rejects.toBeInstanceOf(NotFoundError)
})

test('a script registers, speaks, and is nobody after it has logged out', async () => {
  const script = new Loqui({ baseUrl: url })
  await expect(script.auth.me()).rejects.toMatchObject({ reason: 'unauthenticated' })
  const login = { email: 'ada@example.com', password: 'correct horse' }
  const { user, token } = await script.auth.register({ ...login, name: 'Ada' })
  expect(await script.auth.me()).toEqual(user)
  expect((await script.speak({ text: 'Hello.', voiceId })).generation.state).toBe('succeeded')
  expect(await new Loqui({ baseUrl: url, token: token! }).auth.me()).toEqual(user)
  await script.auth.logout()
  await expect(script.auth.me()).rejects.toBeInstanceOf(UnauthenticatedError)
  await expect(script.auth.register(login)).rejects.toBeInstanceOf(ConflictError)
  expect((await script.auth.login(login)).user).toEqual(user)
})

test('a key is made, listed, used and revoked', async () => {
  const client = connect({ apiKey: (await server.user()).key })
  const { key, secret } = await client.keys.create({ name: 'Reader', scopes: ['voices:read'], expiresInDays: null })
  expect((await client.keys.list()).items).toContainEqual(key)
  const reader = connect({ apiKey: secret })
  expect(await reader.voices.get(voiceId)).toEqual(voice)
  await expect(reader.usage.current()).rejects.toMatchObject({ reason: 'scope_missing' })
  expect(await client.keys.revoke(key.id)).toMatchObject({ id: key.id, revokedAt: expect.any(String) })
  await expect(reader.voices.list()).rejects.toMatchObject({ reason: 'api_key_revoked' })
})

test('events tells of everything after an event, until the loop is left', async () => {
  const client = connect({ apiKey: (await server.user()).key })
  const { generation: before } = await client.speak({ text: 'Before.', voiceId })
  const last = (await Array.fromAsync(client.generations.watch(before.id))).at(-1)!
  const made = await Promise.all(['One.', 'Two.'].map((text) => client.generations.create({ text, voiceId })))
  const succeeded = new Set<string>()
  for await (const { generationId, type } of client.events({ lastEventId: last.id })) {
    if (type === 'succeeded') succeeded.add(generationId)
    if (succeeded.size === made.length) break
  }
  expect(succeeded).toEqual(new Set(made.map(({ id }) => id)))
})

test('a server that does not answer is left after the time that was set', async () => {
  const never: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
  const client = connect({ fetch: never, timeoutMs: 50, maxRetries: 0 })
  await expect(client.usage.current()).rejects.toBeInstanceOf(TimeoutError)
  await expect(client.generations.audio('gen_1')).rejects.toBeInstanceOf(TimeoutError)
})

test('the page of a proxy in front is judged by its status', async () => {
  const page = (status: number) => async () =>
    new Response('<html>', { status, headers: { 'content-type': 'text/html' } })
  const asked = (status: number) => connect({ fetch: page(status), maxRetries: 0 }).usage.current()
  await expect(asked(502)).rejects.toMatchObject({ name: 'ServerError', reason: 'service_unavailable', status: 502 })
  await expect(asked(403)).rejects.toMatchObject({ name: 'PermissionDeniedError', status: 403 })
  await expect(asked(200)).rejects.toThrow(`What answers at ${url}/ is not Loqui.`)
})

test('options that cannot work are refused at once', () => {
  expect(() => new Loqui()).toThrow('Give baseUrl')
  expect(() => new Loqui({ baseUrl: 'localhost:3000' })).toThrow('baseUrl must be a URL')
  expect(() => new Loqui({ baseUrl: url, apiKey: 'a', token: 'b' })).toThrow('not both')
})

test('a base URL may have a path', async () => {
  const asked: string[] = []
  const client = new Loqui({
    baseUrl: 'https://example.com/voice',
    maxRetries: 0,
    fetch: (input) => {
      asked.push(String(input))
      return Promise.reject(new TypeError('no network'))
    },
  })
  await expect(client.auth.me()).rejects.toThrow('no network')
  await expect(client.generations.audio('gen_1', { format: 'mp3' })).rejects.toThrow('no network')
  expect(asked[0]).toMatch(/^https:\/\/example\.com\/voice\/trpc\/auth\.me\?/)
  expect(asked[1]).toBe('https://example.com/voice/api/v1/generations/gen_1/audio?format=mp3')
})
