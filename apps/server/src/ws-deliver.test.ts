import { once } from 'node:events'
import { toTRPCError } from '@loqui/api/errors'
import { subscription } from '@loqui/api/subscription'
import { transformer } from '@loqui/api/transformer'
import { Refusal } from '@loqui/core/errors'
import { initTRPC } from '@trpc/server'
import { applyWSSHandler, type Encoder, jsonEncoder } from '@trpc/server/adapters/ws'
import fc from 'fast-check'
import superjson from 'superjson'
import { afterAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import { createDeliver } from './ws-deliver.ts'
import { encoder } from './ws-encoder.ts'

/** What a subscription tells of: as many as there are hear the same one. */
interface Item {
  readonly id: string
  readonly told: unknown
}

type Context = Parameters<typeof subscription>[0]

interface Server {
  readonly url: string
  /** Tells all who are subscribed. */
  tell(item: Item): void
  /** Ends all subscriptions: with an error, if there is one. */
  end(error?: unknown): void
  /** Takes the credentials away by which all of them began. */
  revoke(): void
}

/** @param direct whether items go past tRPC, as they do in Loqui; else all is tRPC's own and superjson's. */
async function serve(direct: boolean): Promise<Server> {
  const t = initTRPC
    .context<Context>()
    .create({ transformer: direct ? transformer : { input: superjson, output: superjson }, isDev: false })
  const queues = new Set<Queue>()
  let access = new AbortController()
  const router = t.router({
    items: t.procedure
      .input(z.object({ lastEventId: z.string().optional() }).optional())
      .subscription(({ ctx, path, input, signal }) =>
        subscription(
          ctx,
          path,
          async (until) => {
            if (input?.lastEventId === 'gone') throw new Refusal('events_expired', 'They are gone.')
            const queue = createQueue(until)
            queues.add(queue)
            until.addEventListener('abort', () => queues.delete(queue))
            if (input?.lastEventId !== undefined) queue.put({ id: 'after', told: input.lastEventId })
            return queue.items
          },
          signal,
        ),
      ),
    echo: t.procedure.input(z.string()).query(({ input }) => input),
  })
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const encoding: Encoder = direct ? encoder : jsonEncoder
  applyWSSHandler({
    ...{ wss, router, experimental_encoder: encoding },
    createContext: ({ res }) => ({
      actor: { kind: 'system' },
      requestId: 'ws_1',
      log: { error: complain, warn: complain, info: complain },
      showLimits: () => undefined,
      takeSubscription: () => () => undefined,
      watchAccess: () => ({ signal: access.signal, release: () => undefined }),
      drained: () => undefined,
      deliver: direct ? createDeliver(res) : undefined,
    }),
  })
  await once(wss, 'listening')
  afterAll(() => {
    for (const ws of wss.clients) ws.terminate()
    wss.close()
  })
  const address = wss.address()
  return {
    url: `ws://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}`,
    tell: (item) => {
      for (const queue of queues) queue.put(item)
    },
    end: (error) => {
      for (const queue of queues) queue.end(error)
      queues.clear()
    },
    revoke() {
      access.abort(toTRPCError(new Refusal('api_key_revoked', 'It was revoked.')))
      access = new AbortController()
    },
  }
}

const complaints: unknown[] = []
const complain = (fields: object) => void complaints.push(fields)

interface Queue {
  put(item: Item): void
  end(error?: unknown): void
  readonly items: AsyncIterable<Item>
}

function createQueue(signal: AbortSignal): Queue {
  const waiting: Item[] = []
  let over: { readonly error?: unknown } | undefined
  let woken = Promise.withResolvers<void>()
  const wake = () => woken.resolve()
  signal.addEventListener('abort', wake)
  async function* items() {
    while (!signal.aborted) {
      const item = waiting.shift()
      if (item) {
        yield item
      } else if (over) {
        if (over.error !== undefined) throw over.error
        return
      } else {
        await woken.promise
        woken = Promise.withResolvers()
      }
    }
  }
  return {
    put(item) {
      waiting.push(item)
      wake()
    },
    end(error) {
      over = { error }
      wake()
    },
    items: items(),
  }
}

type Step =
  | { readonly do: 'say'; readonly message: object }
  | { readonly do: 'tell'; readonly items: readonly Item[] }
  | { readonly do: 'end' | 'fail' | 'refuse' | 'revoke' }

const subscribe = (id: string | number, more: object = {}, params: object = {}): Step => ({
  do: 'say',
  message: { id, ...more, method: 'subscription', params: { path: 'items', input: { json: {} }, ...params } },
})
const stop = (id: string | number): Step => ({ do: 'say', message: { id, method: 'subscription.stop' } })
const tell = (...items: Item[]): Step => ({ do: 'tell', items })

/** Every frame that a client gets while this happens, in order. */
async function play(server: Server, steps: readonly Step[]): Promise<string[]> {
  const frames: string[] = []
  const socket = new WebSocket(server.url)
  socket.on('message', (data, isBinary) => frames.push(`${isBinary ? 'binary ' : ''}${data}`))
  await once(socket, 'open')
  for (const [index, step] of steps.entries()) {
    if (step.do === 'say') socket.send(JSON.stringify(step.message))
    else if (step.do === 'tell') for (const item of step.items) server.tell(structuredClone(item))
    else if (step.do === 'revoke') server.revoke()
    else if (step.do === 'end') server.end()
    else server.end(step.do === 'fail' ? new Error('an accident') : new Refusal('events_expired', 'They are gone.'))
    // What is asked for after it is answered after it.
    const id = `asked after step ${index}`
    socket.send(JSON.stringify({ id, method: 'query', params: { path: 'echo', input: { json: id } } }))
    while (!frames.some((frame) => frame.includes(id))) await once(socket, 'message')
  }
  const closed = once(socket, 'close')
  socket.close()
  await closed
  return frames
}

const [ours, official] = await Promise.all([serve(true), serve(false)])

async function compare(steps: readonly Step[]): Promise<string[]> {
  const [got, expected] = await Promise.all([play(ours, steps), play(official, steps)])
  // Of subscriptions that are called differently no order is promised among each other.
  expect(byId(got)).toEqual(byId(expected))
  return got.filter((frame) => !frame.includes('asked after'))
}

const byId = (frames: readonly string[]) => Map.groupBy(frames, (frame) => JSON.parse(frame).id)

const item = (id: number, told: unknown = 'a “word” \u2028 \ud83d\ude00'): Item => ({ id: String(id), told })

test.each<[string, Step[], number]>([
  ['several items, one after the other', [subscribe(1), tell(item(1)), tell(item(2)), tell(item(3))], 4],
  ['several items at once', [subscribe(1), tell(item(1), item(2), item(3)), tell(item(4))], 5],
  [
    'two subscriptions that are called differently',
    [subscribe(1), subscribe('one "two"'), ...[1, 2, 3].map((id) => tell(item(id)))],
    8,
  ],
  ['what JSON has no word for', [subscribe(1), tell(item(1)), tell(item(2, new Date(0))), tell(item(3))], 4],
  ['JSON-RPC by its name', [subscribe(1, { jsonrpc: '2.0' }), tell(item(1)), tell(item(2))], 3],
  ['a stop', [subscribe(1), tell(item(1)), tell(item(2)), stop(1), tell(item(3))], 4],
  ['a stop that comes before anything', [subscribe(1), stop(1), tell(item(1))], 2],
  [
    'the same name again, of what was stopped',
    [subscribe(1), tell(item(1)), tell(item(2)), stop(1), subscribe(1), tell(item(3)), tell(item(4))],
    7,
  ],
  ['the same name twice', [subscribe(1), tell(item(1)), tell(item(2)), subscribe(1), tell(item(3))], 5],
  ['a place to go on from', [subscribe(1, {}, { lastEventId: '7' }), tell(item(8)), tell(item(9))], 4],
  ['a place that is gone', [subscribe(1, {}, { lastEventId: 'gone' }), tell(item(1))], 1],
  ['the end', [subscribe(1), tell(item(1)), tell(item(2)), { do: 'end' }, tell(item(3))], 4],
  ['the end before anything', [subscribe(1), { do: 'end' }], 2],
  ['an accident', [subscribe(1), tell(item(1)), tell(item(2)), { do: 'fail' }, tell(item(3))], 5],
  ['a refusal', [subscribe(1), tell(item(1)), tell(item(2)), { do: 'refuse' }], 5],
  ['credentials that end', [subscribe(1), tell(item(1)), tell(item(2)), { do: 'revoke' }, tell(item(3))], 5],
  ['credentials that end before anything', [subscribe(1), { do: 'revoke' }], 3],
])('%s: the same frames as tRPC sends by itself', async (_name, steps, frames) => {
  expect(await compare(steps)).toHaveLength(frames)
})

const ids = fc.constantFrom<string | number>(1, 2, 3, 'a')
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: ids.map((id) => subscribe(id)) },
    ids.map((id) => subscribe(id, { jsonrpc: '2.0' })),
    fc.tuple(ids, fc.string()).map(([id, lastEventId]) => subscribe(id, {}, { lastEventId })),
    { weight: 2, arbitrary: ids.map(stop) },
    {
      weight: 6,
      arbitrary: fc
        .array(fc.record({ id: fc.string({ minLength: 1 }), told: fc.oneof(fc.jsonValue(), fc.date()) }), {
          minLength: 1,
          maxLength: 4,
        })
        .map((items) => tell(...items)),
    },
    fc.constantFrom<Step>({ do: 'end' }, { do: 'fail' }, { do: 'refuse' }, { do: 'revoke' }),
  ),
  { maxLength: 20 },
)

test('whatever happens, a client gets the same frames as tRPC sends by itself', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      await compare(steps)
    }),
    { numRuns: 200 },
  )
})

test('a socket that is closing is told nothing more', async () => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(wss, 'listening')
  const address = wss.address()
  const client = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}`)
  const frames: unknown[] = []
  client.on('message', (data) => frames.push(data))
  const [ws] = await once(wss, 'connection')
  const deliver = createDeliver(ws)
  ws.close()
  deliver(1, item(1))
  await once(client, 'close')
  expect(frames).toEqual([])
  wss.close()
})
