import type { Actor } from '@loqui/core/actor'
import type { Services } from '@loqui/core/context'
import { Refusal } from '@loqui/core/errors'
import { verifyKey } from '@loqui/core/keys/verify'
import { isSessionId } from '@loqui/core/sessions/sessions'
import { verifySession } from '@loqui/core/sessions/verify'

/** Whatever a request can identify itself by, in the order it is looked at. */
export interface Credentials {
  /** Of `Authorization: Bearer`, `xi-api-key` or a socket's connection parameters. A session or an API key. */
  readonly token?: string | undefined
  /** Of the session cookie. */
  readonly cookie?: string | undefined
}

/** What an edge (HTTP, WebSocket) brings to a call. */
export interface Request {
  readonly requestId: string
  readonly credentials: Credentials
  readonly idempotencyKey?: string | undefined
  /** True for a page's own calls: its session belongs into a cookie that no script can read, not into the answer. */
  readonly fromBrowser: boolean
  /** Sets or, with `null`, clears the session cookie. Sockets cannot. */
  setSessionCookie(session: { token: string; expiresAt: Date } | null): void
  /**
   * Sets a header of the answer, such as `RateLimit`; in a batch the last call to set one wins. Nothing happens where
   * there is no header left to set: on sockets, and in a stream that has begun.
   */
  setHeader(name: string, value: string): void
  /** Waits until the connection has taken what was sent. */
  drained(): Promise<void>
  /** Makes a call when the connection has room for its answer and not too many others to make. */
  inTurn<Result>(call: () => Promise<Result>): Promise<Result>
}

export interface RequestContext extends Services, Request {
  /** Who asks. @throws {Refusal} when nobody does, or no longer may. */
  identify(): Promise<Actor>
}

export function createContext(services: Services, request: Request): RequestContext {
  return { ...services, ...request, identify: () => identify(services, request) }
}

async function identify(services: Services, request: Request): Promise<Actor> {
  const { token, cookie } = request.credentials
  // Whatever is no session's id was meant to be a key, and is told what is wrong with it as one.
  if (token !== undefined && !isSessionId(token)) return verifyKey(services, token)
  const id = token ?? cookie
  if (!id) throw new Refusal('unauthenticated', 'Log in or send an API key: Authorization: Bearer loqui_live_….')
  const { actor, fresh, expiresAt } = await verifySession(services, id)
  if (fresh && token === undefined) request.setSessionCookie({ token: id, expiresAt })
  return actor
}
