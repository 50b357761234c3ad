import type { IncomingMessage, ServerResponse } from 'node:http'
import { createContext, type RequestContext } from '@loqui/api/context'
import type { Services } from '@loqui/core/context'
import { stringifySetCookie } from 'cookie'
import { createAddressOf } from './address.ts'
import type { Connections } from './connections.ts'
import type { Env } from './env.ts'
import { showLimits } from './limits.ts'
import { headerOf, isFromBrowser, readCredentials, readRetryCount, requestIdOf, sessionCookieName } from './request.ts'
import { userOf } from './socket-guard.ts'

/** @returns what a request over HTTP brings to a call. */
export function createContextOf(
  services: Services,
  {
    publicUrl,
    trustedProxies,
    connections,
  }: Pick<Env, 'publicUrl' | 'trustedProxies'> & { readonly connections: Connections },
): (req: IncomingMessage, res: ServerResponse) => RequestContext {
  const secure = publicUrl.protocol === 'https:'
  const cookieName = sessionCookieName(secure)
  const addressOf = createAddressOf(trustedProxies)
  const cookie = { httpOnly: true, secure, sameSite: 'lax', path: '/' } as const
  return (req, res) =>
    createContext(services, {
      requestId: requestIdOf(res),
      credentials: readCredentials(req, cookieName),
      address: addressOf(req),
      publicUrl,
      userAgent: headerOf(req, 'user-agent'),
      idempotencyKey: headerOf(req, 'idempotency-key'),
      retryCount: readRetryCount(req),
      fromBrowser: isFromBrowser(req),
      setSessionCookie(session) {
        // Streams have sent theirs: the next plain request renews the cookie.
        if (res.headersSent) return
        const [value, expires] = session ? [session.token, session.expiresAt] : ['', new Date(0)]
        res.appendHeader('set-cookie', stringifySetCookie(cookieName, value, { ...cookie, expires }))
      },
      showLimits: (limits) => showLimits(res, limits),
      takeSubscription: (actor) => connections.openStream(res, { userId: userOf(actor), address: addressOf(req) }),
      // Over HTTP the response stream itself holds the writer back.
      drained: () => undefined,
      inTurn: (call) => call(),
    })
}
