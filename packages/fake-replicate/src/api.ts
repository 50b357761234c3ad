import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from './clock.ts'
import { readCreate } from './create.ts'
import type { Answer, Body } from './exchange.ts'
import type { Action } from './faults.ts'
import { showUpload, type Uploads } from './objects.ts'
import { type Pace, type Prediction, type Predictions, retentionMs, show } from './predictions.ts'
import { invalid, notFound } from './problem.ts'
import { sampleRate, speakBadly, speakNoise } from './voice.ts'
import { wavOf } from './wav.ts'
import type { Webhooks } from './webhooks.ts'

/** What answers a request, once it is known who asks and how often. */
export interface Route {
  readonly action: Action
  /** Whether it counts as a creation, or as anything else, or is no call of the API at all. */
  readonly limit: 'create' | 'other' | 'none'
  answer(): Answer | Promise<Answer>
}

export interface ApiContext {
  readonly clock: Clock
  readonly pace: Pace
  readonly predictions: Predictions
  readonly uploads: Uploads
  readonly webhooks: Webhooks
  /** Of this server, such as `http://127.0.0.1:4000`. */
  origin(): string
}

/** A page of a list. */
const pageSize = 100
/** The longest `Prefer: wait` holds, in seconds. */
const longestWait = 60

/** Where a prediction's audio is: on Replicate on `replicate.delivery`, here below `/delivery`. */
export const outputPath = ({ id }: Prediction) => `/delivery/${id}/output.wav`

/** @param body of the request; a fault may happen before it is looked at. @returns undefined where nothing is. */
export function findRoute(
  context: ApiContext,
  { method, url, headers, body }: { method: string; url: URL; headers: IncomingHttpHeaders; body: Body },
): Route | undefined {
  const { predictions, uploads, webhooks } = context
  const v1 = `${context.origin()}/v1`
  const asked = `${method} ${url.pathname}`
  const route = (action: Action, answer: Route['answer'], limit: Route['limit'] = 'other'): Route => ({
    action,
    limit,
    answer,
  })

  const create = (name: string | undefined) => async (): Promise<Answer> => {
    const cancelAfter = headers['cancel-after']
    const prediction = predictions.create(
      readCreate(body.json, name, Array.isArray(cancelAfter) ? cancelAfter[0] : cancelAfter),
    )
    await hold(context, prediction, headers.prefer)
    return { status: 201, body: show(prediction, v1) }
  }
  const named = /^POST \/v1\/models\/([^/]+\/[^/]+)\/predictions$/.exec(asked)?.[1]
  if (named !== undefined) return route('create', create(named), 'create')
  if (asked === 'POST /v1/predictions') return route('create', create(undefined), 'create')
  if (asked === 'GET /v1/predictions') return route('list', () => list(context, url))

  const [, one, canceling] = /^\w+ \/v1\/predictions\/(\w+)(\/cancel)?$/.exec(asked) ?? []
  if (one !== undefined && (method === 'POST') === (canceling !== undefined)) {
    return route(canceling ? 'cancel' : 'get', () => {
      const prediction = predictions.find(one)
      if (!prediction) throw notFound()
      if (canceling) predictions.cancel(prediction)
      return { status: 200, body: show(prediction, v1) }
    })
  }

  if (asked === 'POST /v1/files') {
    return route('upload', () => {
      const content = body.files.get('content')
      if (!content) throw invalid([{ field: 'content', description: 'content is required' }])
      const metadata = JSON.parse(body.files.get('metadata')?.bytes.toString() ?? '{}')
      return { status: 201, body: showUpload(uploads.add({ ...content, metadata }), v1) }
    })
  }
  if (asked === 'GET /v1/files') {
    const results = uploads.all.filter(({ id }) => uploads.find(id)).map((file) => showUpload(file, v1))
    return route('other', () => ({ status: 200, body: { previous: null, next: null, results: results.reverse() } }))
  }
  const file = /^(?:GET|DELETE) \/v1\/files\/([\w-]+)$/.exec(asked)?.[1]
  if (file !== undefined) {
    return route('other', () => {
      const found = uploads.find(file)
      if (!found) throw notFound()
      if (method === 'GET') return { status: 200, body: showUpload(found, v1) }
      found.deleted = true
      return { status: 204 }
    })
  }

  if (asked === 'GET /v1/webhooks/default/secret') {
    return route('other', () => ({ status: 200, body: { key: webhooks.secret } }))
  }
  const output = /^GET \/delivery\/(\w+)\/output\.wav$/.exec(asked)?.[1]
  if (output !== undefined) return route('output', () => deliver(context, predictions.find(output)), 'none')
  return undefined
}

/** `Prefer: wait` keeps the answer back until the prediction has ended, for 60 seconds at most. */
async function hold({ clock, predictions }: ApiContext, prediction: Prediction, prefer: unknown): Promise<void> {
  const [, , seconds] = (typeof prefer === 'string' && /^wait(=(\d+))?$/.exec(prefer)) || []
  if (typeof prefer !== 'string' || !prefer.startsWith('wait')) return
  const ms = Math.min(longestWait, Number(seconds ?? longestWait)) * 1000
  let callOff: () => void = () => undefined
  const late = new Promise<void>((resolve) => {
    callOff = clock.after(ms, resolve)
  })
  await Promise.race([predictions.ended(prediction), late])
  callOff()
}

/** Newest first, a hundred at a time, behind a cursor that names the last one seen. */
function list({ clock, pace, predictions, origin }: ApiContext, url: URL): Answer {
  const newest = predictions.all.filter(({ createdAt }) => createdAt + pace.listedAfterMs <= clock.now()).toReversed()
  const cursor = url.searchParams.get('cursor')
  const start = cursor === null ? 0 : newest.findIndex(({ id }) => id === cursor) + 1
  const page = newest.slice(start, start + pageSize)
  const last = page.at(-1)
  const more = start + pageSize < newest.length
  return {
    status: 200,
    body: {
      previous: null,
      next: more && last ? `${origin()}/v1/predictions?cursor=${last.id}` : null,
      results: page.map((prediction) => show(prediction, `${origin()}/v1`)),
    },
  }
}

function deliver({ clock }: ApiContext, prediction: Prediction | undefined): Answer {
  const old = prediction?.completedAt != null && clock.now() >= prediction.completedAt + retentionMs
  if (prediction?.status !== 'succeeded' || prediction.removed || old) {
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('Not found') }
  }
  const wav = wavOf(speakBadly(speakNoise(prediction.text, seedOf(prediction)), prediction.sound), sampleRate)
  return { status: 200, headers: { 'content-type': 'audio/wav' }, body: wav }
}

/** 0 and nothing mean: any. */
function seedOf({ id, input: { seed } }: Prediction): number {
  if (typeof seed === 'number' && seed !== 0) return seed
  return createHash('sha256').update(id).digest().readUInt32LE()
}
