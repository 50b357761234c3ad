import { hash } from 'node:crypto'
import type { AccessWatch, VerifiedCredential } from '@loqui/core/access/watch'
import type { Actor } from '@loqui/core/actor'
import type { Services } from '@loqui/core/context'
import { Refusal } from '@loqui/core/errors'
import { keyEndsAt } from '@loqui/core/keys/ends-at'
import { admitKey, verifyKey } from '@loqui/core/keys/verify'
import type { Limit } from '@loqui/core/limits/limit'
import { isSessionId } from '@loqui/core/sessions/sessions'
import { admitSession, type VerifiedSession, verifySession } from '@loqui/core/sessions/verify'
import { isToken, tokenEndsAt } from '@loqui/core/tokens/token'
import { admitToken, verifyToken } from '@loqui/core/tokens/verify'
import type { SubscriptionId } from './shared.ts'

/** Whatever a request can identify itself by, in the order it is looked at. */
export interface Credentials {
  /** Of `Authorization: Bearer`, `xi-api-key` or a socket's connection parameters. A session, an API key or a token that one made. */
  readonly token?: string | undefined
  /** Of the session cookie. */
  readonly cookie?: string | undefined
}

/** What an edge (HTTP, WebSocket) brings to a call. */
export interface Request {
  readonly requestId: string
  readonly credentials: Credentials
  /** Where it comes from: an address of the network or, where one user has many, what they have in common. */
  readonly address: string
  /** Where people reach Loqui: what links that are made in this call begin with. */
  readonly publicUrl: URL
  /** What the program that sends it says to be. */
  readonly userAgent?: string | undefined
  readonly idempotencyKey?: string | undefined
  /** How often the sender says to have tried this call before. */
  readonly retryCount?: number | undefined
  /** True for a page's own calls: its session belongs into a cookie that no script can read, not into the answer. */
  readonly fromBrowser: boolean
  /** Sets or, with `null`, clears the session cookie. Sockets cannot. */
  setSessionCookie(session: { token: string; expiresAt: Date } | null): void
  /**
   * Tells, with the answer, what is left of limits; of several calls in one request the least. Nothing happens where there
   * is no header left to set: on sockets, and in a stream that has begun.
   */
  showLimits(limits: readonly Limit[]): void
  /**
   * Takes one of the places for subscriptions that the connection and its user have.
   *
   * @returns what gives it back.
   * @throws {Refusal} `concurrency_limited` when all of them are taken.
   */
  takeSubscription(actor: Actor): () => void
  /** Waits until the connection has taken what was sent; `undefined` when it has. */
  drained(): Promise<void> | undefined
  /**
   * Sends a shared item to a subscription past tRPC, whose own way costs several times what sending does. Only sockets can.
   *
   * @param id what the client calls the subscription.
   */
  readonly deliver?: ((id: SubscriptionId, item: { readonly id: string }) => void) | undefined
  /** Makes a call when the connection has room for its answer and not too many others to make. */
  inTurn<Result>(call: () => Promise<Result>): Promise<Result>
}

export interface RequestContext extends Services, Request {
  /** Who makes a call; the call is counted. @throws {Refusal} when nobody does, no longer may, or may not so often. */
  admit(): Promise<Actor>
  /** Counts a call that anyone may make. @throws {Refusal} `rate_limited`. */
  admitAnyone(): void
  /** Who asks, without counting a call of theirs. @throws {Refusal} when nobody does, or no longer may. */
  identify(): Promise<Actor>
  /** Tells when the credentials of this request, by which `actor` acts, no longer hold. */
  watchAccess(actor: Actor): AccessWatch
}

export function createContext(services: Services, request: Request): RequestContext {
  const { address, credentials } = request
  const showLimits = (limits: readonly Limit[]) => request.showLimits(limits)
  const credential = credentials.token ?? credentials.cookie
  const visit = { address, credential, showLimits }
  const { strangers } = services.limits
  return {
    ...services,
    ...request,
    admit: () => strangers.lookUp(visit, () => admit(services, request)),
    admitAnyone: () => showLimits(strangers.count(address)),
    identify: async () => (await strangers.lookUp(visit, () => verifyCredential(services, request))).actor,
    watchAccess(actor) {
      const { kind, credential } = readCredential(request)
      // By its hash: a dump of the memory should hold no more credentials than it must.
      const id = `${kind} ${hash('sha256', credential, 'base64')}`
      if (actor.kind === 'system') throw new Error('Loqui itself acts by no credentials')
      // Nobody's attempt, and so not counted: a flood from the same address must not keep what was revoked alive.
      return services.access.watch({ id, userId: actor.userId, verify: () => verifyCredential(services, request) })
    },
  }
}

async function admit(services: Services, request: Request): Promise<Actor> {
  const { kind, credential } = readCredential(request)
  if (kind !== 'session') {
    const { actor, left } = await (kind === 'token' ? admitToken : admitKey)(services, credential)
    request.showLimits(left)
    return actor
  }
  const { left, ...session } = await admitSession(services, credential)
  request.showLimits(left)
  return actorOf(request, credential, session)
}

async function verifyCredential(
  services: Services,
  request: Request,
): Promise<VerifiedCredential & { readonly actor: Actor }> {
  const { kind, credential } = readCredential(request)
  if (kind === 'token') {
    return { actor: await verifyToken(services, credential), endsAt: tokenEndsAt(services, credential) }
  }
  if (kind === 'key') {
    const actor = await verifyKey(services, credential)
    return { actor, endsAt: await keyEndsAt(services.db, actor.keyId) }
  }
  const session = await verifySession(services, credential)
  return { actor: actorOf(request, credential, session), endsAt: session.endsAt }
}

/** @throws {Refusal} `unauthenticated` where there is none. */
function readCredential({ credentials }: Request): { kind: 'key' | 'token' | 'session'; credential: string } {
  const { token, cookie } = credentials
  if (token !== undefined && isToken(token)) return { kind: 'token', credential: token }
  // Whatever is no session's id was meant to be a key, and is told what is wrong with it as one.
  if (token !== undefined && !isSessionId(token)) return { kind: 'key', credential: token }
  const credential = token ?? cookie
  if (!credential)
    throw new Refusal('unauthenticated', 'Log in or send an API key: Authorization: Bearer loqui_live_….')
  return { kind: 'session', credential }
}

function actorOf(request: Request, id: string, { actor, fresh, expiresAt }: VerifiedSession): Actor {
  if (fresh && request.credentials.token === undefined) request.setSessionCookie({ token: id, expiresAt })
  return actor
}
