import { createContext, type RequestContext } from '@loqui/api/context'
import { appRouter } from '@loqui/api/router'
import type { Services } from '@loqui/core/context'
import { Refusal } from '@loqui/core/errors'
import { createExpressMiddleware } from '@trpc/server/adapters/express'
import cors from 'cors'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import { generationDownload } from './downloads.ts'
import type { Env } from './env.ts'
import { checkOrigin } from './origin.ts'
import { problems, sendProblem } from './problem.ts'
import { isFromBrowser, readCredentials, readUrl, requestId, sessionCookieName } from './request.ts'
import { securityHeaders } from './security.ts'
import { studio } from './studio.ts'

/** The largest plan's longest text, every character of it escaped, with room for the rest of the call. */
const maxBodyBytes = 13 << 20
/** Enough to log in: who has not done so must not make the server hold and parse a book. */
const maxStrangersBodyBytes = 64 << 10
const maxBatch = 20

export interface HttpOptions extends Pick<Env, 'publicUrl' | 'origins'> {
  readonly studioDirectory: string
  /** @returns true when the server can take work. */
  readonly ready: () => Promise<boolean>
  /** @returns true when the server is about to stop. */
  readonly draining: () => boolean
}

export function createHttp(services: Services, options: HttpOptions): Express {
  const { publicUrl, origins } = options
  const secure = publicUrl.protocol === 'https:'
  const cookieName = sessionCookieName(secure)
  const cookie = { httpOnly: true, secure, sameSite: 'lax', path: '/' } as const

  const contextOf = (req: Request, res: Response): RequestContext =>
    createContext(services, {
      requestId: String(res.locals.requestId),
      credentials: readCredentials(req, cookieName),
      idempotencyKey: req.get('idempotency-key'),
      fromBrowser: isFromBrowser(req),
      setSessionCookie(session) {
        // Streams have sent theirs: the next plain request renews the cookie.
        if (res.headersSent) return
        if (session) res.cookie(cookieName, session.token, { ...cookie, expires: session.expiresAt })
        else res.clearCookie(cookieName, cookie)
      },
      setHeader(name, value) {
        if (!res.headersSent) res.setHeader(name, value)
      },
      // Over HTTP the response stream itself holds the writer back.
      drained: async () => undefined,
      inTurn: (call) => call(),
    })

  const trpc = (maxBodySize: number) =>
    createExpressMiddleware({
      router: appRouter,
      createContext: ({ req, res }) => contextOf(req, res),
      maxBodySize,
      maxBatchSize: maxBatch,
      // tRPC writes its own `vary` over the one that CORS set.
      responseMeta: () => ({ headers: new Headers({ vary: 'Origin' }) }),
    })
  const forStrangers = trpc(maxStrangersBodyBytes)
  const forKnown = trpc(maxBodyBytes)

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use(requestId)
  app.use((_req, res, next) => {
    // Else a busy client's connection would never be idle, and in the end be cut in the middle of an answer.
    if (options.draining()) res.setHeader('connection', 'close')
    next()
  })
  app.get('/live', (_req, res) => void res.json({ status: 'live' }))
  app.get('/ready', async (_req, res) => {
    const ready = await options.ready()
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready' })
  })
  app.use(securityHeaders(publicUrl))
  app.use(
    cors({
      origin: [...origins],
      credentials: true,
      exposedHeaders: ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy', 'content-range'],
    }),
  )
  app.use(onlyOurPages(origins))
  app.use('/trpc', notToBeStored, onlyUrls, onlyJson, noStreamedBatch, async (req, res, next) => {
    const known = isSmall(req) ? false : await isKnown(contextOf(req, res))
    return (known ? forKnown : forStrangers)(req, res, next)
  })
  app.get('/api/v1/generations/:id/audio', generationDownload(contextOf))
  const nothing: RequestHandler = (req, res) =>
    sendProblem(res, services.log, new Refusal('not_found', `There is nothing at ${req.method} ${req.originalUrl}.`))
  // Below a door every path is the door's: the studio must not answer for it with a page.
  app.use('/api', notToBeStored, nothing)
  app.use(studio(options.studioDirectory), notToBeStored, nothing)
  app.use(problems(services.log))
  return app
}

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

const onlyUrls: RequestHandler = (req, _res, next) => {
  if (!readUrl(req)) throw new Refusal('invalid_input', 'The Host header and the path make no URL.')
  next()
}

/** A form of another site can send multipart without asking; nothing here is meant to be called by a form. */
const onlyJson: RequestHandler = (req, _res, next) => {
  if (req.method === 'POST' && !req.is('application/json')) {
    throw new Refusal('invalid_input', 'Send the body as application/json.')
  }
  next()
}

/** A streamed batch begins its answer before its calls are made: a login in it would have no cookie to give. */
const noStreamedBatch: RequestHandler = (req, _res, next) => {
  if (/application\/jsonl/.test(`${req.get('trpc-accept')} ${req.get('accept')}`)) {
    throw new Refusal('invalid_input', 'trpc-accept: a batch is answered as a whole, not as application/jsonl.')
  }
  next()
}

/** Whether the body is one that nobody needs credentials to send. A chunked one does not say. */
const isSmall = ({ headers }: Request) =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= maxStrangersBodyBytes

async function isKnown(ctx: RequestContext): Promise<boolean> {
  try {
    await ctx.identify()
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}
