import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ApiContext, findRoute, outputPath, type Route } from './api.ts'
import { type Clock, createClock } from './clock.ts'
import { answerControl } from './control.ts'
import { type Answer, type Body, describeBody, type RecordedRequest, readBody, send } from './exchange.ts'
import { createFaults, type FaultInput, type RequestFault } from './faults.ts'
import { createLimits, type Limits } from './limits.ts'
import { createUploads, type UploadedFile } from './objects.ts'
import { createPredictions, isEnded, type Pace, type Prediction, show } from './predictions.ts'
import { insufficientCredit, notFound, Problem, throttled, unauthenticated } from './problem.ts'
import { secondsOf } from './recording.ts'
import { createWebhooks, type Webhooks } from './webhooks.ts'

export interface FakeOptions {
  /** Default: any that is free. */
  readonly port?: number
  /** The only token that is taken. */
  readonly token?: string
  readonly createsPerMinute?: number
  readonly othersPerMinute?: number
  readonly pace?: Partial<Pace>
}

/** A Replicate on loopback: what it is asked, what it did, and the switches that make it fail. */
export interface FakeReplicate {
  /** With `/v1`, as `REPLICATE_BASE_URL` and the client's `baseUrl` have it. */
  readonly baseUrl: string
  readonly port: number
  readonly token: string
  readonly clock: Clock
  readonly limits: Limits
  readonly pace: Pace
  readonly webhooks: Webhooks
  /** Everything it was asked, oldest first, but what came through `/_control`. */
  readonly requests: readonly RecordedRequest[]
  /** Everything it accepted, oldest first. */
  readonly predictions: readonly Prediction[]
  readonly uploads: readonly UploadedFile[]
  /** In micro-dollars: what all of it has cost. */
  readonly billedMicros: number
  fail(...faults: readonly FaultInput[]): void
  /** Takes back all switches. */
  heal(): void
  /** Nobody is listening any more: connections are refused, and those that were open are gone. */
  goDown(): Promise<void>
  /** Listens again, on the same port. */
  comeBack(): Promise<void>
  /** Predictions that have not ended. */
  running(): Prediction[]
  close(): Promise<void>
}

/** Starts one. Its predictions wait 5 ms and run 15 ms, unless `pace` says otherwise. */
export async function startFakeReplicate(options: FakeOptions = {}): Promise<FakeReplicate> {
  const token = options.token ?? 'r8_fake'
  const clock = createClock()
  const limits = createLimits(clock, options)
  const faults = createFaults(clock)
  const pace: Pace = { startMs: 5, runMs: 15, listedAfterMs: 0, ...options.pace }
  const uploads = createUploads(clock)
  const webhooks = createWebhooks(clock, faults)
  const requests: RecordedRequest[] = []
  let port = options.port ?? 0
  const origin = () => `http://127.0.0.1:${port}`

  const predictions = createPredictions({
    clock,
    faults,
    pace,
    publish: (prediction) => origin() + outputPath(prediction),
    checkReference({ model, input }) {
      const address = input[model.reference]
      if (typeof address !== 'string') return null
      const prefix = `${origin()}/v1/files/`
      const file = address.startsWith(prefix) ? uploads.find(address.slice(prefix.length)) : undefined
      if (!file) return `404 Client Error: Not Found for url: ${address}`
      const seconds = secondsOf(file.bytes)
      return seconds !== null && seconds <= model.shortestReference
        ? 'Audio prompt must be longer than 5 seconds!'
        : null
    },
    notify(prediction, event) {
      if (prediction.webhook === undefined || !prediction.events.includes(event)) return
      webhooks.send(prediction.webhook, JSON.stringify(show(prediction, `${origin()}/v1`)), prediction.text)
    },
  })
  const context: ApiContext = { clock, pace, predictions, uploads, webhooks, origin }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin())
    const body = await readBody(request)
    const { method = 'GET', headers } = request
    const control = await answerControl(fake, { method, url, body })
    if (control) return send(response, control)

    const recorded: RecordedRequest = {
      at: clock.now(),
      method,
      path: url.pathname + url.search,
      headers,
      body: describeBody(body),
      status: null,
    }
    requests.push(recorded)
    const route = findRoute(context, { method, url, headers, body })
    const fault = route && faults.request(route.action, textIn(body))
    const answer = await answerWith(route, fault, headers.authorization)
    if (fault?.kind === 'black-hole') return
    if (fault?.kind === 'reset') {
      response.destroy()
      return
    }
    recorded.status = answer.status
    return send(response, answer, fault)
  }

  /** What is to be answered; where a fault comes first, nothing has been done. */
  async function answerWith(
    route: Route | undefined,
    fault: RequestFault | undefined,
    authorization: string | undefined,
  ): Promise<Answer> {
    const carriesOut = fault === undefined || !('after' in fault) || fault.after
    try {
      if (!route) throw notFound()
      if (fault?.kind === 'throttle') throw throttled('Your rate limit is used up.', fault.seconds)
      if (fault?.kind === 'status' && !fault.after) throw problemOf(fault.status)
      if (!carriesOut) return { status: 0 }
      if (route.limit !== 'none') {
        if (authorization !== `Bearer ${token}`) throw unauthenticated()
        limits.take(route.limit)
      }
      const answer = await route.answer()
      if (fault?.kind === 'status') throw problemOf(fault.status)
      return answer
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const type = { 'content-type': 'application/problem+json', ...error.headers }
      return { status: error.status, headers: type, body: error.body }
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  // A client that goes away in the middle of something is what many of the switches are for.
  server.on('clientError', (_error, socket) => socket.destroy())

  const comeBack = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        const address: AddressInfo | string | null = server.address()
        if (typeof address === 'object' && address) port = address.port
        resolve()
      })
    })
  const goDown = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  const fake: FakeReplicate = {
    get baseUrl() {
      return `${origin()}/v1`
    },
    get port() {
      return port
    },
    token,
    clock,
    limits,
    pace,
    webhooks,
    requests,
    predictions: predictions.all,
    uploads: uploads.all,
    get billedMicros() {
      return predictions.all.reduce((sum, { costMicros }) => sum + costMicros, 0)
    },
    fail: (...inputs) => inputs.forEach(faults.add),
    heal: faults.clear,
    goDown,
    comeBack,
    running: () => predictions.all.filter((prediction) => !isEnded(prediction)),
    async close() {
      clock.stop()
      if (server.listening) await goDown()
    },
  }
  await comeBack()
  return fake
}

/** What Replicate says with a status. */
function problemOf(status: number): Problem {
  if (status === 401) return unauthenticated()
  if (status === 402) return insufficientCredit()
  if (status === 404) return notFound()
  if (status === 422) {
    return new Problem(422, { title: 'Input validation failed', detail: '- input: this is not what the model takes\n' })
  }
  return new Problem(status, { detail: 'The server could not answer.' })
}

/** The text of a creation, for switches that wait for it. */
function textIn({ json }: Body): string | undefined {
  if (typeof json !== 'object' || json === null || !('input' in json)) return undefined
  const { input } = json
  if (typeof input !== 'object' || input === null) return undefined
  const text = 'prompt' in input ? input.prompt : 'text' in input ? input.text : undefined
  return typeof text === 'string' ? text : undefined
}
