import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createContext, type RequestContext } from '@loqui/api/context'
import { appRouter } from '@loqui/api/router'
import type { Services } from '@loqui/core/context'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import pLimit from 'p-limit'
import { type WebSocket, WebSocketServer } from 'ws'
import { createAddressOf } from './address.ts'
import type { Connections } from './connections.ts'
import type { Env } from './env.ts'
import { checkOrigin } from './origin.ts'
import { retryAfterSeconds } from './places.ts'
import { headerOf, readCredentials, readUrl, sessionCookieName } from './request.ts'
import { guardSocket, type SocketGuard } from './socket-guard.ts'
import { createDeliver } from './ws-deliver.ts'
import { encoder } from './ws-encoder.ts'

export interface Sockets {
  /** Tells every client to connect elsewhere, waits for them to go, ends those that stay, and lets their calls end. */
  close(graceMs: number): Promise<void>
}

/** Calls of one socket that are made at the same time. */
const mostCallsAtOnce = 8

export function createWebSocket(
  server: Server,
  services: Services,
  {
    publicUrl,
    origins,
    trustedProxies,
    connections,
  }: Pick<Env, 'publicUrl' | 'origins' | 'trustedProxies'> & { readonly connections: Connections },
): Sockets {
  const cookieName = sessionCookieName(publicUrl.protocol === 'https:')
  const addressOf = createAddressOf(trustedProxies)
  const wss = new WebSocketServer({ noServer: true, maxPayload: 64 << 10, maxFragments: 64 })

  server.on('upgrade', (req, socket, head) => {
    // Node hands the socket over without a listener, and a client that resets it must not end the process.
    const onError = () => socket.destroy()
    socket.on('error', onError)
    const refused = refusalOf(req, origins)
    if (refused !== undefined) return refuse(socket, refused)
    const leave = connections.ofAddress.take(addressOf(req))
    if (!leave) {
      services.log.warn({ address: addressOf(req) }, 'an address has as many connections open as one may')
      return refuse(socket, 429)
    }
    socket.once('close', leave)
    socket.off('error', onError)
    wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req))
  })

  const guards = new WeakMap<WebSocket, SocketGuard>()
  const guardOf = (ws: WebSocket): SocketGuard => {
    const guard = guards.get(ws)
    if (!guard) throw new Error('a socket has no guard')
    return guard
  }
  const atWork = new Set<Promise<unknown>>()
  wss.on('connection', (ws, req) => {
    ws.on('error', (error) => services.log.warn({ error }, 'a socket failed'))
    const needsParameters = readUrl(req)?.searchParams.has('connectionParams') ?? false
    guards.set(ws, guardSocket(connections, ws, req.socket, { needsParameters }))
  })

  const handler = applyWSSHandler({
    wss,
    router: appRouter,
    maxBatchSize: 20,
    experimental_encoder: encoder,
    keepAlive: { enabled: true, pingMs: 30_000, pongWaitMs: 5_000 },
    createContext: async ({ req, res: ws, info }) => {
      const guard = guardOf(ws)
      guard.parametersCame()
      const credentials = readCredentials(req, cookieName)
      const context = createContext(services, {
        requestId: `ws_${randomUUID()}`,
        credentials: { ...credentials, token: info.connectionParams?.token ?? credentials.token },
        // A socket has no cookie to give: whoever logs in through one keeps the token.
        fromBrowser: false,
        address: addressOf(req),
        publicUrl,
        userAgent: headerOf(req, 'user-agent'),
        setSessionCookie: () => undefined,
        showLimits: () => undefined,
        takeSubscription: guard.takeSubscription,
        drained: guard.drained,
        deliver: createDeliver(ws),
        inTurn: createTurns(ws, guard, atWork),
      })
      await guard.admit(context)
      return context
    },
  })

  return {
    async close(graceMs) {
      handler.broadcastReconnectNotification()
      connections.endStreams()
      for (const ws of wss.clients) ws.close(1012, 'the server is restarting')
      const deadline = Date.now() + graceMs
      while (wss.clients.size > 0 && Date.now() < deadline) await sleep(50)
      for (const ws of wss.clients) ws.terminate()
      await Promise.allSettled(atWork)
      wss.close()
      connections.close()
    },
  }
}

function refusalOf(req: IncomingMessage, origins: readonly string[]): 400 | 403 | 404 | undefined {
  const url = readUrl(req)
  if (!url) return 400
  if (url.pathname !== '/trpc') return 404
  try {
    checkOrigin(req, origins)
    return undefined
  } catch {
    return 403
  }
}

function refuse(socket: Duplex, status: 400 | 403 | 404 | 429): void {
  const wait = status === 429 ? `retry-after: ${retryAfterSeconds}\r\n` : ''
  // Nothing else closes it, and a client need not: it would stay for good, and keep the server from stopping.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${wait}connection: close\r\ncontent-length: 0\r\n\r\n`)
}

/**
 * Makes the calls of one socket a few at a time and stops reading while others wait, so that TCP holds back a client
 * that sends faster than it is served, or does not read its answers.
 *
 * @param atWork where the calls that are being made can be seen.
 */
function createTurns(
  ws: WebSocket,
  { drained }: Pick<SocketGuard, 'drained'>,
  atWork: Set<Promise<unknown>>,
): RequestContext['inTurn'] {
  const turns = pLimit(mostCallsAtOnce)
  const mind = () => {
    if (turns.pendingCount > 0) ws.pause()
    else if (ws.isPaused) ws.resume()
  }
  return async (call) => {
    const answer = turns(async () => {
      mind()
      await drained()
      if (ws.readyState !== ws.OPEN) throw new Error('the socket closed before this call had its turn')
      const made = call()
      atWork.add(made)
      return made.finally(() => atWork.delete(made))
    })
    mind()
    return answer
  }
}
