import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, request } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { toTRPCError } from '@loqui/api/errors'
import { Refusal } from '@loqui/core/errors'
import { initTRPC, TRPCError } from '@trpc/server'
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http'
import fc from 'fast-check'
import superjson from 'superjson'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { RpcContext } from './rpc-answer.ts'
import { headersOf, serveRpc } from './rpc-handler.ts'
import { readRpcRequest } from './rpc-request.ts'

const complaints: string[] = []
const complain = (_fields: object, message: string) => void complaints.push(message)
const context: RpcContext = { requestId: 'req_1', log: { error: complain, warn: complain, info: complain } }
const maxBodySize = 400
const maxBatchSize = 4

const t = initTRPC.context<RpcContext>().create({
  transformer: superjson,
  isDev: false,
  // Shows what a formatter is told, so that both must tell it the same; but for the input, which the light handler keeps
  // to itself: what was sent, a password perhaps, is nothing to tell of in an error.
  errorFormatter: ({ shape, error, ctx, path, type }) => ({
    ...shape,
    data: { ...shape.data, path, type, requestId: ctx?.requestId, cause: error.cause?.message },
  }),
})
const left = Promise.withResolvers<void>()
const arrived = Promise.withResolvers<void>()
const listening = Promise.withResolvers<void>()
const brokenOff = Promise.withResolvers<unknown>()
const words = z.object({ text: z.string().max(50), at: z.date().optional() })
const router = t.router({
  echo: t.procedure.input(words).query(({ input }) => input),
  say: t.procedure.input(words).mutation(({ input }) => ({ said: input })),
  anything: t.procedure.input(z.unknown()).mutation(({ input, path }) => ({ input, path })),
  maybe: t.procedure.input(words.optional()).query(({ input }) => input),
  constant: t.procedure.query(() => 1),
  deaf: t.procedure.mutation(() => 'did not listen'),
  nothing: t.procedure.query(() => undefined),
  rich: t.procedure.query(() => ({
    at: new Date(0),
    of: new Map([['a', 1n]]),
    not: undefined,
    is: 'å\u2028\ud83d\ude00',
  })),
  conflict: t.procedure.query(() => {
    throw new TRPCError({ code: 'CONFLICT', message: 'There is one already.' })
  }),
  accident: t.procedure.mutation(() => {
    throw new Error('of nobody’s business')
  }),
  busy: t.procedure.input(z.number()).query(({ input }) => {
    throw toTRPCError(new Refusal('busy', 'Come back.', { retryAfterSeconds: input }))
  }),
  later: t.procedure.query(() => ({ value: Promise.resolve(1) })),
  pieces: t.procedure.query(async function* () {
    yield 1
  }),
  unwritable: t.procedure.query(() => ({
    get value() {
      throw new Error('cannot be read')
    },
  })),
  watched: t.procedure.query(async ({ signal }) => {
    arrived.resolve()
    await once(signal as AbortSignal, 'abort')
    left.resolve()
  }),
  listening: t.procedure
    .use(async ({ getRawInput, next }) => {
      listening.resolve()
      await getRawInput().catch(brokenOff.resolve)
      return next()
    })
    .mutation(() => 'heard'),
  below: t.router({ deep: t.procedure.query(() => 'deep') }),
  ticks: t.procedure.subscription(async function* () {
    yield 1
  }),
})

const lightUrl = await listen((req, res) => {
  const rpc = readRpcRequest(req.url)
  if (rpc) void serveRpc({ router, maxBatchSize }, req, res, { ...rpc, context, maxBodySize })
})
const officialUrl = await listen((req, res) => {
  const { path = '' } = readRpcRequest(req.url) ?? {}
  void nodeHTTPRequestHandler({
    allowMethodOverride: true,
    ...{ router, req, res, path, maxBatchSize, maxBodySize },
    createContext: () => context,
    responseMeta: ({ errors }) => ({ headers: headersOf(errors) }),
  })
})

async function listen(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return new URL(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}`)
}

interface Sent {
  readonly method?: string
  /** After /trpc. */
  readonly target: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array | undefined
}

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function ask(url: URL, { method = 'GET', target, headers = {}, body }: Sent): Promise<Got> {
  const req = request({ host: url.hostname, port: url.port, method, path: `/trpc${target}`, headers, agent: false })
  req.end(body)
  const [res] = await once(req, 'response')
  return { status: res.statusCode, headers: res.headers, body: (await buffer(res)).toString('latin1') }
}

/** What may differ, and why. Everything else is the same to the byte. */
const differences: { why: string; where: (sent: Sent, light: Got) => boolean; level: (got: Got) => Got }[] = [
  {
    why: 'The light handler knows its whole answer and says how long it is; the adapter streams every answer in chunks.',
    where: () => true,
    level: ({ headers: { date, connection, 'content-length': _, 'transfer-encoding': __, ...headers }, ...got }) => ({
      ...got,
      headers,
    }),
  },
  {
    why: 'A query alone whose output is a stream says which one it is, as it does in a batch.',
    where: ({ target }, { status }) => /^\/(later|pieces)(\?|$)/.test(target) && status === 415,
    level: ({ body, ...got }) => ({
      ...got,
      body: body.replace(/"path":("\w+"|null),/, '').replace(/"values":\{.*/, ''),
    }),
  },
  {
    why: 'Where an output cannot be written the adapter begins anew and adds its headers again.',
    where: (_sent, { body }) => body.includes('cannot be read'),
    level: ({ headers, ...got }) => ({
      ...got,
      headers: { ...headers, vary: headers.vary?.replace(', Origin, Origin', ', Origin') },
    }),
  },
]

async function compare(sent: Sent): Promise<Got> {
  const [light, official] = await Promise.all([ask(lightUrl, sent), ask(officialUrl, sent)])
  const level = (got: Got) =>
    differences.filter(({ where }) => where(sent, light)).reduce((levelled, { level }) => level(levelled), got)
  expect(level(light)).toEqual(level(official))
  return light
}

const json = { 'content-type': 'application/json' }
const wrap = (input: unknown) => JSON.stringify(superjson.serialize(input))
const inUrl = (input: string) => `input=${encodeURIComponent(input)}`
const post = (target: string, body?: string | Uint8Array, headers: Record<string, string> = json): Sent => ({
  ...{ method: 'POST', target, headers, body },
})
/** Only the light handler says how long its answer is. */
const isLight = (got: Got) => got.headers['content-length'] !== undefined

test.each<[string, Sent, number]>([
  ['a query', { target: `/echo?${inUrl(wrap({ text: 'å \ud83d\ude00', at: new Date(0) }))}` }, 200],
  ['a query that says it is JSON', { target: `/maybe`, headers: json }, 200],
  ['a query without an input', { target: '/constant' }, 200],
  ['a query with an empty input', { target: '/constant?input=' }, 200],
  ['a query with two inputs', { target: `/maybe?${inUrl(wrap(undefined))}&input=%7B` }, 200],
  ['a query with half of an escape', { target: '/maybe?input=%7' }, 400],
  ['a query that answers nothing', { target: '/nothing' }, 200],
  ['a query that answers what JSON has not', { target: '/rich' }, 200],
  ['a query with an input of the wrong type', { target: `/echo?${inUrl(wrap({ text: 1 }))}` }, 400],
  ['a query with an input that is no JSON', { target: '/echo?input=%7B' }, 400],
  ['a query below', { target: '/below.deep' }, 200],
  ['a query by escapes', { target: '/%65cho?input=%7B%7D' }, 400],
  ['a query at the end of a longer path', { target: '/of/others/constant' }, 200],
  ['a query by a whole URL', { target: '/constant#fragment' }, 200],
  ['a query that refuses', { target: '/conflict' }, 409],
  ['a query that says when to come back', { target: `/busy?${inUrl(wrap(3))}` }, 503],
  ['a query whose output comes later', { target: '/later' }, 415],
  ['a query whose output is a stream', { target: '/pieces' }, 415],
  ['a query whose output cannot be written', { target: '/unwritable' }, 500],
  ['a query by POST', post('/echo', wrap({ text: 'Hello' })), 200],
  ['a query by POST with an input in the URL, which is not for it', post(`/maybe?${inUrl(wrap({ text: 1 }))}`), 200],
  ['a batch of queries by POST', post('/echo,rich?batch=1', `{"0":${wrap({ text: 'a' })}}`), 200],
  ['a mutation', post('/say', wrap({ text: 'Hello', at: new Date(0) })), 200],
  [
    'a mutation in capitals',
    post('/say', wrap({ text: 'Hi' }), { 'content-type': ' Application/JSON ; charset=utf-8' }),
    200,
  ],
  ['a mutation with a body as long as can be', post('/anything', wrap('a'.repeat(maxBodySize - 11))), 200],
  ['a mutation with a body that is too long', post('/anything', wrap('a'.repeat(maxBodySize - 10))), 413],
  ['a mutation with a body much too long', post('/anything', wrap('a'.repeat(1_000_000))), 413],
  ['a mutation that does not read its body', post('/deaf', '{'), 200],
  ['a mutation without a body', post('/anything'), 200],
  ['a mutation with a body that is no JSON', post('/anything', '{'), 400],
  ['a mutation with a byte order mark', post('/anything', `\ufeff${wrap('a')}`), 200],
  [
    'a mutation with broken UTF-8',
    post('/anything', Buffer.from('{"json":"\xff\xc0\xaf\xed\xa0\x80"}', 'latin1')),
    200,
  ],
  [
    'a mutation with a lie of superjson',
    post('/anything', '{"json":{"a":1},"meta":{"values":{"a":["nothing"]}}}'),
    400,
  ],
  [
    'a mutation reaching for a prototype',
    post('/anything', '{"json":{},"meta":{"values":{"__proto__.a":["Date"]}}}'),
    400,
  ],
  ['a mutation with a bare null', post('/anything', 'null'), 400],
  ['a mutation with an accident', post('/accident', '{}'), 500],
  ['a mutation in pieces', post('/say', wrap({ text: 'Hi' }), { ...json, 'transfer-encoding': 'chunked' }), 200],
  ['a batch', { target: `/echo,constant?batch=1&${inUrl(`{"0":${wrap({ text: 'a' })}}`)}` }, 200],
  ['a batch of one', post('/say?batch=1', `{"0":${wrap({ text: 'a' })}}`), 200],
  ['a batch by an escaped comma', { target: '/constant%2Crich?batch=1' }, 200],
  ['a batch with every outcome', { target: `/conflict,rich,busy?batch=1&${inUrl(`{"2":${wrap(7)}}`)}` }, 207],
  [
    'a batch that waits for the longest',
    { target: `/busy,busy?batch=1&${inUrl(`{"0":${wrap(7)},"1":${wrap(2)}}`)}` },
    503,
  ],
  ['a batch with a stream', { target: '/constant,pieces?batch=1' }, 207],
  ['a batch with an output that cannot be written', { target: '/constant,unwritable?batch=1' }, 500],
  [
    'a batch with inputs of calls that are not in it',
    post('/say?batch=1', `{"0":${wrap({ text: 'a' })},"1":{"meta":7}}`),
    200,
  ],
  ['a batch with inputs in a list', post('/say?batch=1', `[${wrap({ text: 'a' })}]`), 400],
  ['a batch with no inputs', post('/anything,anything?batch=1', 'null'), 400],
  ['a batch with one input unreadable', post('/anything,anything?batch=1', '{"0":{"json":1},"1":null}'), 400],
  ['a batch with a body too long', post('/anything,deaf?batch=1', `{"0":${wrap('a'.repeat(maxBodySize))}}`), 207],
  ['a batch as large as can be', { target: '/constant,constant,constant,constant?batch=1' }, 200],
])('%s is served without the adapter, and as the adapter would', async (_name, sent, status) => {
  const light = await compare(sent)
  expect(light.status).toBe(status)
  expect(isLight(light)).toBe(true)
})

test.each<[string, Sent, number]>([
  ['a subscription', { target: '/ticks' }, 200],
  ['a subscription in a batch', { target: '/ticks?batch=1' }, 400],
  ['nothing', { target: '' }, 404],
  ['an unknown procedure', { target: '/unknown' }, 404],
  ['a name of every object', { target: '/toString' }, 404],
  ['a prototype', { target: '/__proto__' }, 404],
  ['a router', { target: '/below' }, 404],
  ['a mutation by GET', { target: '/say' }, 405],
  ['a mutation by PUT', { ...post('/say', '{}'), method: 'PUT' }, 405],
  ['a question for the head', { method: 'HEAD', target: '/constant' }, 204],
  ['a mutation without a type', post('/say', '{}', {}), 415],
  ['a mutation in plain text', post('/say', '{}', { 'content-type': 'text/plain' }), 415],
  ['a mutation in nearly JSON', post('/say', '{}', { 'content-type': 'application/json5' }), 415],
  ['a query as a form', { target: '/constant', headers: { 'content-type': 'multipart/form-data' } }, 405],
  ['a query in plain text', { target: '/constant', headers: { 'content-type': 'text/plain' } }, 200],
  ['bytes', post('/deaf', 'abc', { 'content-type': 'application/octet-stream' }), 200],
  ['an empty batch', { target: '/?batch=1' }, 404],
  ['a batch with a gap', { target: '/constant,,constant?batch=1' }, 207],
  ['a batch with an unknown procedure', { target: '/constant,unknown?batch=1' }, 207],
  ['a batch of both kinds', { target: '/constant,say?batch=1' }, 400],
  ['a batch over the limit', { target: '/constant,constant,constant,constant,constant?batch=1' }, 400],
  ['a list without a batch', { target: '/constant,constant' }, 404],
  ['a malformed path', { target: '/%E0%A4%A' }, 400],
  ['a streamed batch', { target: '/constant,rich?batch=1', headers: { 'trpc-accept': 'application/jsonl' } }, 200],
  ['a streamed query', { target: '/constant', headers: { accept: 'text/html, application/jsonl' } }, 400],
  ['connection parameters', { target: '/constant?connectionParams={}' }, 200],
  ['connection parameters that are none', { target: '/constant?connectionParams=7' }, 400],
])('%s is left to the adapter', async (_name, sent, status) => {
  expect((await compare(sent)).status).toBe(status)
})

const queries = ['echo', 'maybe', 'constant', 'nothing', 'rich', 'conflict', 'busy', 'below.deep']
const mutations = ['say', 'anything', 'deaf', 'accident']
const others = [
  '',
  'unknown',
  'below',
  '__proto__',
  'constructor',
  'toString',
  '%ff',
  '%2C',
  'ticks',
  'later',
  'unwritable',
]
const calledBy = (method: string) =>
  fc.array(
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...(method === 'GET' ? queries : [...mutations, ...queries])) },
      fc.constantFrom(...queries, ...mutations, ...others),
      fc.string({ unit: 'grapheme', maxLength: 5 }).map(encodeURIComponent),
    ),
    { minLength: 1, maxLength: 5 },
  )
/** Mostly what is usual, at times one of the others. */
const mostly = <Value>(usual: Value, ...unusual: Value[]) =>
  fc.oneof({ weight: 10, arbitrary: fc.constant(usual) }, fc.constantFrom(...unusual))
const inputs = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ text: fc.string({ maxLength: 60 }), at: fc.date() }, { requiredKeys: [] }).map(wrap),
  },
  fc.jsonValue().map((value) => JSON.stringify({ json: value })),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc
    .record({ json: fc.jsonValue({ maxDepth: 2 }), meta: fc.jsonValue({ maxDepth: 3 }) })
    .map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '',
    '{',
    'null',
    '{"json":{"text":"a"},"meta":{"values":{"text":["Date"]}}}',
    '{"json":1,"meta":{"values":["bigint"]}}',
  ),
)
const texts = fc.oneof(
  inputs,
  fc
    .array(inputs, { maxLength: 5 })
    .map((all) => `{${all.map((input, index) => `"${index}":${input || 'null'}`).join()}}`),
)
const bodies = fc.oneof(
  texts,
  fc.uint8Array({ maxLength: 450 }),
  texts.map((text) => Buffer.from(text, 'utf16le')),
)
const requests: fc.Arbitrary<Sent> = fc
  .constantFrom('GET', 'POST')
  .chain((method) =>
    fc.record({
      method: mostly(method, 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'QUERY'),
      called: calledBy(method),
      batch: fc.oneof(
        fc.constant('batch=1'),
        mostly('', 'batch=0', 'batch', 'batch=true', 'batch=1&batch=0', 'batch=0&batch=1'),
      ),
      text: texts,
      body: bodies,
      type: mostly(
        method === 'GET' ? undefined : 'application/json',
        ...[
          'application/json',
          'application/json; charset=latin1',
          'text/plain',
          'application/json;;',
          'json',
          '',
          undefined,
        ],
      ),
      accept: mostly(undefined, '*/*', 'application/jsonl', 'text/event-stream'),
    }),
  )
  .map(({ method, called, batch, text, body, type, accept }) => ({
    method,
    target: `/${called.slice(0, batch === '' ? 1 : 5).join()}?${batch}${method === 'GET' ? `&${inUrl(text)}` : ''}`,
    headers: { ...(type !== undefined && { 'content-type': type }), ...(accept !== undefined && { accept }) },
    body: method === 'GET' || method === 'HEAD' ? undefined : body,
  }))

test('whatever is sent, both answer the same', async () => {
  let light = 0
  await fc.assert(
    fc.asyncProperty(requests, async (sent) => {
      if (isLight(await compare(sent))) light++
    }),
    { numRuns: 1_000 },
  )
  expect(light).toBeGreaterThan(300)
}, 60_000)

test('a call learns that its client left', async () => {
  const req = request({ host: lightUrl.hostname, port: lightUrl.port, path: '/trpc/watched', agent: false })
  req.on('error', () => undefined)
  req.end()
  await arrived.promise
  req.destroy()
  await left.promise
})

test('a body that breaks off is an error of its call and of nobody else', async () => {
  const socket = connect(Number(lightUrl.port), lightUrl.hostname)
  socket.write(
    'POST /trpc/listening HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"js',
  )
  await listening.promise
  socket.destroy()
  expect(await brokenOff.promise).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('left') })
  expect((await ask(lightUrl, { target: '/constant' })).status).toBe(200)
})

test('an output that cannot be written is complained of: nobody else would learn of it', async () => {
  complaints.splice(0)
  await ask(lightUrl, { target: '/unwritable' })
  expect(complaints).toEqual(['an output cannot be serialized'])
})
