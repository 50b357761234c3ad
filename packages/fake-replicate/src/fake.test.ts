import { once } from 'node:events'
import { createServer } from 'node:http'
import Replicate, { type Prediction, validateWebhook } from 'replicate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeReplicate, startFakeReplicate } from './server.ts'

let fake: FakeReplicate
let replicate: Replicate
beforeEach(async () => {
  fake = await startFakeReplicate()
  replicate = new Replicate({ auth: fake.token, baseUrl: fake.baseUrl, useFileOutput: false })
})
afterEach(() => fake.close())

const base = 'resemble-ai/chatterbox'
const turbo = 'resemble-ai/chatterbox-turbo'
const multilingual = '9cfba4c265e685f840612be835424f8c33bdee685d7466ece7684b0d9d4c0b1c'
const sentence = 'It was a bright morning, and everybody was up long before the bell.'

const create = (prompt = sentence) => replicate.predictions.create({ model: base, input: { prompt } })
const status = async (call: Promise<unknown>) =>
  call.then(
    () => 200,
    (error) => error.response.status,
  )
const bodyOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error) => JSON.parse(/\{.*\}/su.exec(error.message)?.[0] ?? 'null'),
  )
/** Asks until the fake has got so far: no test waits for a time. */
const until = (id: string, ...wanted: Prediction['status'][]) =>
  expect
    .poll(async () => (await replicate.predictions.get(id)).status, { interval: 5 })
    .toSatisfy((is) => wanted.includes(is))

describe('predictions', () => {
  test('are accepted by the name of an official model and by a version, and end in audio', async () => {
    const byName = await create()
    expect(byName).toMatchObject({ status: 'starting', model: base, version: 'hidden', input: { prompt: sentence } })
    const byVersion = await replicate.predictions.create({ version: multilingual, input: { text: sentence, seed: 7 } })
    expect(byVersion).toMatchObject({ model: 'resemble-ai/chatterbox-multilingual', version: multilingual })
    for (const { id } of [byName, byVersion]) {
      const done = await replicate.wait(await replicate.predictions.get(id), { interval: 5 })
      expect(done).toMatchObject({ status: 'succeeded', error: null, data_removed: false })
      expect(done.metrics?.predict_time).toBeGreaterThan(0)
      const answer = await fetch(String(done.output))
      const wav = Buffer.from(await answer.arrayBuffer())
      expect(answer.headers.get('content-type')).toBe('audio/wav')
      expect(wav.toString('latin1', 0, 4)).toBe('RIFF')
      expect(wav.readUInt32LE(24)).toBe(24_000)
      const seconds = (wav.length - 44) / 48_000
      expect(seconds).toBeGreaterThan(sentence.length / 15 / 1.1)
      expect(seconds).toBeLessThan((sentence.length / 15) * 1.1)
    }
    expect(fake.requests.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      '/v1/models/resemble-ai/chatterbox/predictions',
      '/v1/predictions',
    ])
    expect(fake.requests[0]?.headers['user-agent']).toBe('replicate-javascript/1.4.0')
  })

  test('sound the same for the same text and seed', async () => {
    const spoken = async (seed: number) => {
      const { id } = await replicate.predictions.create({ model: base, input: { prompt: 'Hello there.', seed } })
      const { output } = await replicate.wait(await replicate.predictions.get(id), { interval: 5 })
      return Buffer.from(await (await fetch(String(output))).arrayBuffer())
    }
    const [first, again, other] = [await spoken(1), await spoken(1), await spoken(2)]
    expect(first.equals(again)).toBe(true)
    expect(first.equals(other)).toBe(false)
  })

  test('are refused where the model is not there, or is none of the official ones', async () => {
    const input = { text: 'Hallo.' }
    expect(await status(replicate.predictions.create({ model: 'resemble-ai/chatterbox-multilingual', input }))).toBe(
      404,
    )
    expect(await status(replicate.predictions.create({ version: 'f'.repeat(64), input }))).toBe(422)
    expect(await status(replicate.predictions.get('nothing'))).toBe(404)
  })

  test.each([
    [base, {}],
    [base, { text: 'hello' }],
    [base, { prompt: 'hello', exaggeration: 2.1 }],
    [base, { prompt: 'hello', cfg_weight: 0.1 }],
    [base, { prompt: 'hello', audio_prompt: 'data:audio/wav;base64,AAAA' }],
    [turbo, { text: 'a'.repeat(501) }],
    [turbo, { text: 'hello', voice: 'Nobody' }],
    [turbo, { text: 'hello', exaggeration: 0.5 }],
    [turbo, { text: 'hello', top_k: 1.5 }],
  ])('of %s are refused with %j', async (model, input) => {
    const problem = await bodyOf(replicate.predictions.create({ model, input }))
    expect(problem).toMatchObject({ status: 422, title: 'Input validation failed' })
    expect(fake.predictions).toEqual([])
  })

  test('are refused without the token, and without credit', async () => {
    const stranger = new Replicate({ auth: 'r8_other', baseUrl: fake.baseUrl })
    expect(await status(stranger.predictions.list())).toBe(401)
    fake.fail({ on: 'create', fault: { kind: 'status', status: 402 }, times: 1 })
    expect(await bodyOf(create())).toMatchObject({ status: 402, title: 'Insufficient credit' })
    expect(fake.predictions).toEqual([])
  })

  test('canceled before they run cost nothing, and while they run what they would have cost', async () => {
    fake.fail(
      { on: 'run', fault: { kind: 'wait' }, text: 'first' },
      { on: 'run', fault: { kind: 'stick' }, text: 'second' },
    )
    const first = await create('the first')
    expect((await replicate.predictions.cancel(first.id)).status).toBe('canceled')
    const second = await create('the second')
    await until(second.id, 'processing')
    expect((await replicate.predictions.cancel(second.id)).status).toBe('canceled')
    const third = await create('the third')
    await until(third.id, 'succeeded')
    expect(fake.predictions.map(({ costMicros }) => costMicros)).toEqual([0, 250, 225])
    expect(fake.billedMicros).toBe(475)
    expect(fake.running()).toEqual([])
  })

  test('end at their deadline: aborted before they run, canceled while they do', async () => {
    fake.fail(
      { on: 'run', fault: { kind: 'wait' }, text: 'first' },
      { on: 'run', fault: { kind: 'stick' }, text: 'second' },
    )
    const within = async (prompt: string) => {
      const answer = await replicate.request(`/models/${base}/predictions`, {
        method: 'POST',
        headers: { 'Cancel-After': '1m' },
        data: { input: { prompt } },
      })
      const { id, deadline } = (await answer.json()) as Prediction
      expect(Date.parse(deadline ?? '') - fake.clock.now()).toBeGreaterThan(55_000)
      return id
    }
    const ids = [await within('the first'), await within('the second')]
    await until(ids[1] ?? '', 'processing')
    fake.clock.advance(61_000)
    const states = await Promise.all(ids.map(async (id) => (await replicate.predictions.get(id)).status))
    expect(states).toEqual(['aborted', 'canceled'])
  })

  test('are held back by Prefer: wait until they end, and no longer than it says', async () => {
    const waited = await replicate.predictions.create({ model: base, input: { prompt: 'Hi.' }, wait: true })
    expect(waited.status).toBe('succeeded')
    fake.fail({ on: 'run', fault: { kind: 'stick' } })
    const call = replicate.predictions.create({ model: base, input: { prompt: 'Hi.' }, wait: 999 })
    await expect.poll(() => fake.predictions.at(-1)?.status, { interval: 5 }).toBe('processing')
    fake.clock.advance(60_000)
    expect((await call).status).toBe('processing')
    expect(fake.requests.findLast(({ method }) => method === 'POST')?.headers.prefer).toBe('wait=999')
  })

  test('are forgotten after an hour: input, output and logs', async () => {
    const { id } = await create()
    await until(id, 'succeeded')
    const { output } = await replicate.predictions.get(id)
    fake.clock.advance(3_599_000)
    expect((await fetch(String(output))).status).toBe(200)
    fake.clock.advance(2_000)
    expect((await fetch(String(output))).status).toBe(404)
    expect(await replicate.predictions.get(id)).toMatchObject({
      status: 'succeeded',
      data_removed: true,
      input: {},
      output: null,
      logs: '',
    })
    expect(fake.predictions[0]?.input).toEqual({ prompt: sentence })
  })

  test('are listed a hundred at a time, newest first, with their input', async () => {
    for (let count = 1; count <= 103; count++) await create(`number ${count}`)
    const pages: Prediction[][] = []
    for await (const page of replicate.paginate(() => replicate.predictions.list())) pages.push(page)
    expect(pages.map(({ length }) => length)).toEqual([100, 3])
    expect(pages.flat()[0]?.input).toEqual({ prompt: 'number 103' })
    expect(pages.flat().at(-1)?.input).toEqual({ prompt: 'number 1' })
  })
})

describe('files', () => {
  test('are kept with name and type until they expire or are deleted', async () => {
    const bytes = Buffer.from('some audio')
    const file = new File([bytes], 'sample.flac', { type: 'audio/flac' })
    const kept = await replicate.files.create(file, { by: 'a test' })
    expect(kept).toMatchObject({ size: 10, content_type: 'audio/flac', metadata: { by: 'a test' } })
    expect(fake.uploads[0]).toMatchObject({ name: 'sample.flac', bytes })
    expect((await replicate.files.get(kept.id)).urls.get).toBe(`${fake.baseUrl}/files/${kept.id}`)
    const other = await replicate.files.create(file)
    expect((await replicate.files.list()).results.length).toBe(2)
    expect(await replicate.files.delete(other.id)).toBe(true)
    expect(await status(replicate.files.get(other.id))).toBe(404)
    fake.clock.advance(Date.parse(kept.expires_at ?? '') - fake.clock.now())
    expect(await status(replicate.files.get(kept.id))).toBe(404)
  })

  test('that are gone, or too short for Turbo, let a prediction fail', async () => {
    const reference = `${fake.baseUrl}/files/gone`
    const lost = await replicate.predictions.create({ model: base, input: { prompt: 'Hi.', audio_prompt: reference } })
    await until(lost.id, 'failed')
    const header = Buffer.alloc(44)
    header.write('RIFF', 0)
    header.writeUInt32LE(48_000, 28)
    header.write('data', 36)
    header.writeUInt32LE(5 * 48_000, 40)
    const five = await replicate.files.create(new File([header, Buffer.alloc(8)], 'five.wav', { type: 'audio/wav' }))
    const short = await replicate.predictions.create({
      model: turbo,
      input: { text: 'Hi.', reference_audio: five.urls.get },
    })
    await until(short.id, 'failed')
    expect((await replicate.predictions.get(short.id)).error).toBe('Audio prompt must be longer than 5 seconds!')
    expect(fake.billedMicros).toBe(0)
  })
})

describe('limits', () => {
  test('let 600 creations a minute through, and six where credit runs low', async () => {
    fake.limits.credit = 'low'
    await create()
    const refused = await fetch(`${fake.baseUrl}/models/${base}/predictions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fake.token}` },
      body: JSON.stringify({ input: { prompt: 'Hi.' } }),
    })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(await refused.json()).toEqual({
      detail:
        'Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests while you have less than $5.0 in credit. Your rate limit resets in ~10s.',
      status: 429,
      retry_after: 10,
    })
    fake.clock.advance(10_000)
    await create()
    fake.limits.credit = 'plenty'
    for (let count = 0; count < 50; count++) await create('.')
    expect(fake.predictions.length).toBe(52)
  })
})

describe('webhooks', () => {
  const received: { readonly headers: Record<string, string>; readonly body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    received.push({ headers, body: Buffer.concat(chunks).toString() })
    response.end()
  })
  beforeEach(async () => {
    received.length = 0
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    fake.webhooks.sendTo = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  const hooked = async (prompt: string) => {
    const webhook = 'https://loqui.example/hooks'
    const { id } = await replicate.predictions.create({
      model: base,
      input: { prompt },
      webhook,
      webhook_events_filter: ['completed'],
    })
    await until(id, 'succeeded')
    await fake.webhooks.idle()
    return id
  }
  const valid = ({ headers, body }: (typeof received)[number], secret: string) =>
    validateWebhook({
      id: headers['webhook-id'] ?? '',
      timestamp: headers['webhook-timestamp'] ?? '',
      signature: headers['webhook-signature'] ?? '',
      body,
      secret,
    })

  test('carry what get would answer, signed with the secret that the account has', async () => {
    const id = await hooked('Hi.')
    const { key } = await replicate.webhooks.default.secret.get()
    expect(received.length).toBe(1)
    expect(JSON.parse(received[0]!.body)).toEqual(await replicate.predictions.get(id))
    expect(await valid(received[0]!, key)).toBe(true)
  })

  test('come again, forged, or as they were signed long ago', async () => {
    fake.fail(
      { on: 'webhook', fault: { kind: 'duplicate', copies: 3 }, text: 'again' },
      { on: 'webhook', fault: { kind: 'forge' }, text: 'forged' },
      { on: 'webhook', fault: { kind: 'replay' }, text: 'old' },
      { on: 'webhook', fault: { kind: 'drop' }, text: 'never' },
    )
    const { key } = await replicate.webhooks.default.secret.get()
    await hooked('again')
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(received.splice(0).length).toBe(3)
    await hooked('forged')
    expect(await valid(received.splice(0)[0]!, key)).toBe(false)
    await hooked('old')
    // The client's own check does not look at the time, which is why Loqui has another.
    expect(await valid(received[0]!, key)).toBe(true)
    expect(Number(received.splice(0)[0]!.headers['webhook-timestamp'])).toBeLessThan(Date.now() / 1000 - 590)
    await hooked('never')
    expect(received).toEqual([])
  })

  test('come in another order', async () => {
    fake.fail({ on: 'webhook', fault: { kind: 'late', ms: 60_000 }, times: 1 })
    const prompts = ['the first', 'the second']
    const webhook = 'https://loqui.example/hooks'
    for (const prompt of prompts) {
      const { id } = await replicate.predictions.create({
        model: base,
        input: { prompt },
        webhook,
        webhook_events_filter: ['completed'],
      })
      await until(id, 'succeeded')
    }
    await expect.poll(() => received.length, { interval: 5 }).toBe(1)
    fake.clock.advance(60_000)
    await fake.webhooks.idle()
    expect(received.map(({ body }) => JSON.parse(body).input.prompt)).toEqual(prompts.toReversed())
  })

  test('go to https addresses only', async () => {
    const call = replicate.predictions.create({
      model: base,
      input: { prompt: 'Hi.' },
      webhook: 'http://loqui.example',
    })
    expect(await status(call)).toBe(422)
  })
})

describe('switches', () => {
  test('a connection lost after accepting makes the unmodified client create and pay six times', async () => {
    fake.fail({ on: 'create', fault: { kind: 'reset', after: true } })
    await expect(create()).rejects.toThrow()
    expect(fake.predictions.length).toBe(6)
  })

  test('a 429 makes it ask six times at once, whatever Retry-After says', async () => {
    fake.fail({ on: 'create', fault: { kind: 'throttle', seconds: 2 } })
    const before = performance.now()
    expect(await status(create())).toBe(429)
    expect(performance.now() - before).toBeLessThan(2_000)
    expect(fake.requests.length).toBe(6)
    expect(fake.predictions).toEqual([])
  })

  test('a storm of 5xx accepts nothing, unless it says so', async () => {
    fake.fail(
      { on: 'create', fault: { kind: 'status', status: 503 }, times: 1 },
      { on: 'create', fault: { kind: 'status', status: 502, after: true }, times: 1 },
    )
    expect(await status(create())).toBe(503)
    expect(fake.predictions.length).toBe(0)
    expect(await status(create())).toBe(502)
    expect(fake.predictions.length).toBe(1)
    expect(await status(create())).toBe(200)
  })

  test('a black hole takes everything and answers nothing', async () => {
    fake.fail({ on: 'create', fault: { kind: 'black-hole', after: true }, times: 1 })
    const leaving = new AbortController()
    const call = replicate.predictions.create({ model: base, input: { prompt: 'Hi.' }, signal: leaving.signal })
    const lost = expect(call).rejects.toThrow()
    await expect.poll(() => fake.predictions.length, { interval: 5 }).toBe(1)
    fake.heal()
    leaving.abort()
    await lost
  })

  test.each([
    ['fail', 'failed'],
    ['abort', 'aborted'],
  ] as const)('a prediction may %s, and costs nothing', async (kind, ends) => {
    fake.fail({ on: 'run', fault: { kind } })
    const { id } = await create()
    await until(id, ends)
    expect(fake.billedMicros).toBe(0)
  })

  test('an output may be short, something else, slow, or gone', async () => {
    const { id } = await create()
    await until(id, 'succeeded')
    const { output } = await replicate.predictions.get(id)
    const fetched = async () => {
      const answer = await fetch(String(output))
      return { type: answer.headers.get('content-type'), bytes: (await answer.arrayBuffer()).byteLength }
    }
    const whole = await fetched()
    fake.fail(
      { on: 'output', fault: { kind: 'truncate' }, times: 1 },
      { on: 'output', fault: { kind: 'html' }, times: 1 },
      { on: 'output', fault: { kind: 'json' }, times: 1 },
      { on: 'output', fault: { kind: 'drip', bytesPerSecond: 10 * whole.bytes }, times: 1 },
    )
    await expect(fetched()).rejects.toThrow('terminated')
    expect((await fetched()).type).toBe('text/html')
    expect((await fetched()).type).toBe('application/json')
    expect(await fetched()).toEqual(whole)
    fake.fail({ on: 'run', fault: { kind: 'remove' } })
    const gone = await create()
    await until(gone.id, 'succeeded')
    expect(await replicate.predictions.get(gone.id)).toMatchObject({ data_removed: true, output: null })
  })

  test('an outage refuses connections, and forgets nothing', async () => {
    const { id } = await create()
    await fake.goDown()
    await expect(fetch(fake.baseUrl)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await fake.comeBack()
    await until(id, 'succeeded')
  })
})
