import type { IncomingMessage, RequestListener } from 'node:http'
import type { Services } from '@loqui/core/context'
import { Refusal } from '@loqui/core/errors'
import type { Provider } from '@loqui/engines/engine'
import express, { type RequestHandler } from 'express'
import { createAddressOf } from './address.ts'
import { captionsDownload } from './captions.ts'
import type { Connections } from './connections.ts'
import { generationDownload, sampleDownload } from './downloads.ts'
import type { Env } from './env.ts'
import { createContextOf } from './http-context.ts'
import { checkOrigin, crossOrigin } from './origin.ts'
import { previewDownload } from './previews.ts'
import { problems, sendProblem } from './problem.ts'
import { providerWebhook } from './provider-webhook.ts'
import { giveRequestId } from './request.ts'
import { limitTime } from './request-time.ts'
import { createRpcDoor } from './rpc.ts'
import { securityHeaders } from './security.ts'
import { studio } from './studio.ts'
import { expectsContinue, sampleUpload } from './uploads.ts'

export interface HttpOptions extends Pick<Env, 'publicUrl' | 'origins' | 'trustedProxies'> {
  readonly studioDirectory: string
  readonly connections: Connections
  /** Where providers of engines send to, by path. */
  readonly providers: Readonly<Record<string, Provider>>
  /** @returns true when the server can take work. */
  readonly ready: () => Promise<boolean>
  /** @returns true when the server is about to stop. */
  readonly draining: () => boolean
}

export function createHttp(services: Services, options: HttpOptions): RequestListener {
  const { publicUrl, origins } = options
  const contextOf = createContextOf(services, options)
  const rpc = createRpcDoor({ publicUrl, origins, contextOf, log: services.log })

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.get('/live', (_req, res) => void res.json({ status: 'live' }))
  app.get('/ready', async (_req, res) => {
    const ready = await options.ready()
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready' })
  })
  const addressOf = createAddressOf(options.trustedProxies)
  for (const [path, provider] of Object.entries(options.providers)) {
    app.post(path, notToBeStored, ...providerWebhook(services, provider, addressOf))
  }
  app.use(securityHeaders(publicUrl), crossOrigin(origins), onlyOurPages(origins))
  app.get('/api/v1/generations/:id/audio', generationDownload(contextOf, options.connections))
  app.get('/api/v1/generations/:id/captions.:format', captionsDownload(contextOf))
  app.get('/api/v1/samples/:id/audio', sampleDownload(contextOf))
  app.get('/api/v1/voices/:id/preview', previewDownload(contextOf))
  app.post(uploadPath, sampleUpload(contextOf))
  const nothing: RequestHandler = (req, res) =>
    sendProblem(res, services.log, new Refusal('not_found', `There is nothing at ${req.method} ${req.originalUrl}.`))
  // Below a door every path is the door's: the studio must not answer for it with a page.
  app.use(['/api', '/webhooks'], notToBeStored, nothing)
  app.use(studio(options.studioDirectory), notToBeStored, nothing)
  app.use(problems(services.log))

  return (req, res) => {
    giveRequestId(req, res)
    // Else a busy client's connection would never be idle, and in the end be cut in the middle of an answer.
    if (options.draining()) res.setHeader('connection', 'close')
    if (!isUpload(req)) {
      limitTime(req, res)
      if (expectsContinue(req)) res.writeContinue()
    }
    // Express would cost a call more than the call.
    if (!rpc(req, res)) app(req, res)
  }
}

const uploadPath = '/api/v1/samples'

/** Uploads have a time of their own, and are told to go on when there is room for them. */
const isUpload = ({ method, url }: IncomingMessage) => method === 'POST' && url?.split('?', 1)[0] === uploadPath

const onlyOurPages =
  (origins: readonly string[]): RequestHandler =>
  (req, _res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD' && req.method !== 'OPTIONS') checkOrigin(req, origins)
    next()
  }

const notToBeStored: RequestHandler = (_req, res, next) => {
  res.setHeader('cache-control', 'no-store')
  next()
}
