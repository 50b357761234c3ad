import type { Socket } from 'node:net'
import type { RequestContext } from '@loqui/api/context'
import { toRefusal } from '@loqui/api/errors'
import { translate } from '@loqui/api/trpc'
import type { Actor } from '@loqui/core/actor'
import { type Reason, Refusal } from '@loqui/core/errors'
import type { WebSocket } from 'ws'
import type { Connections } from './connections.ts'
import { createPlaces, takeEach, tooMany } from './places.ts'

/**
 * Why a socket is closed, beside what the protocol itself says: 1009 for a message too large, 1012 when the server is about to
 * restart. The reason of a 4401 is that of the refusal.
 */
export const closeCodes = {
  /** Credentials are missing, or hold no longer: to come back with the same ones is in vain. */
  unauthenticated: 4401,
  /** Too many sockets, or messages: to come back at once is in vain. */
  limited: 4429,
  /** It took nothing of what was sent, or the server cannot answer right now: come back and resume. */
  tryAgain: 1013,
} as const

/** A client that promised connection parameters and sends none would otherwise stay for ever. */
const parametersWithinMs = 5_000
/** Whose credentials do not hold is told so at each call, but not for ever. */
const strangerMs = 5_000
/** What is told before the end may have gone out by then, … */
const lastWordsMs = 50
/** … and who does not answer the end is not waited for any longer. */
const farewellMs = 500

/** The limits of one socket, and its end. */
export interface SocketGuard {
  /** The connection parameters have come, or are not needed. */
  parametersCame(): void
  /**
   * Finds out whose socket it is and holds it to that user's limits; it lives as long as their credentials hold.
   *
   * @throws {TRPCError} when they have too many sockets already, or nobody can tell.
   */
  admit(context: RequestContext): Promise<void>
  /** @throws {Refusal} `concurrency_limited`. */
  takeSubscription(actor: Actor): () => void
  /** Waits until the connection has taken what was sent; `undefined` when it has. */
  drained(): Promise<void> | undefined
}

const ofCredentials: ReadonlySet<Reason> = new Set([
  'unauthenticated',
  'session_expired',
  'api_key_malformed',
  'api_key_invalid',
  'api_key_expired',
  'api_key_revoked',
  'account_disabled',
])

/** @param socket what `ws` writes to. */
export function guardSocket(
  connections: Connections,
  ws: WebSocket,
  socket: Socket,
  { needsParameters }: { readonly needsParameters: boolean },
): SocketGuard {
  const { limits } = connections
  const timers = new Set<NodeJS.Timeout>()
  const later = (ms: number, run: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
    return timer
  }
  const close = (code: number, reason: string) => {
    ws.close(code, reason)
    later(farewellMs, () => ws.terminate())
  }

  const deadline = needsParameters
    ? later(parametersWithinMs, () => close(closeCodes.unauthenticated, 'connection parameters are missing'))
    : undefined
  const unwatch = connections.stalls.watch(socket, () =>
    close(closeCodes.tryAgain, 'nothing of what was sent was taken'),
  )
  ws.once('close', () => {
    unwatch()
    for (const timer of timers) clearTimeout(timer)
  })

  const messageMs = 60_000 / limits.messagesPerMinute
  let messagesDue = 0
  ws.on('message', () => {
    const now = performance.now()
    messagesDue = Math.max(messagesDue, now) + messageMs
    if (messagesDue - now <= 60_000) return
    // Nobody looks at what comes after it.
    ws.removeAllListeners('message')
    close(closeCodes.limited, `at most ${limits.messagesPerMinute} messages a minute`)
  })

  /** The adapter tells the client why, then closes: a little before that it is closed with a code. */
  const refused = (context: RequestContext, code: number, error: unknown) => {
    const { reason } = toRefusal(error, context.requestId)
    setImmediate(() => close(code, reason))
    return translate(context, 'connect', error)
  }

  const onSocket = createPlaces('socket-subscriptions', limits.subscriptionsPerSocket)
  let draining: Promise<void> | undefined
  const waitForDrain = async (): Promise<void> => {
    while (ws.readyState === ws.OPEN && socket.writableNeedDrain) {
      // One for all who wait.
      draining ??= new Promise<void>((resolve) => {
        const over = () => {
          socket.off('drain', over)
          socket.off('close', over)
          draining = undefined
          resolve()
        }
        socket.on('drain', over)
        socket.on('close', over)
      })
      await draining
    }
  }

  return {
    parametersCame: () => clearTimeout(deadline),
    async admit(context) {
      const { token, cookie } = context.credentials
      if (token === undefined && cookie === undefined) return
      let actor: Actor
      try {
        actor = await context.identify()
      } catch (error) {
        const { reason } = toRefusal(error, context.requestId)
        if (!ofCredentials.has(reason)) {
          throw refused(context, reason === 'rate_limited' ? closeCodes.limited : closeCodes.tryAgain, error)
        }
        later(strangerMs, () => close(closeCodes.unauthenticated, reason))
        return
      }
      if (ws.readyState !== ws.OPEN) return
      const userId = userOf(actor)
      const leave = connections.sockets.take(userId)
      if (!leave) throw refused(context, closeCodes.limited, tooMany(connections.sockets))
      const access = context.watchAccess(actor)
      const onEnd = () => {
        const { reason } = toRefusal(access.signal.reason, context.requestId)
        // Its subscriptions are told why first.
        later(lastWordsMs, () => close(closeCodes.unauthenticated, reason))
      }
      if (access.signal.aborted) onEnd()
      else access.signal.addEventListener('abort', onEnd, { once: true })
      ws.once('close', () => {
        access.signal.removeEventListener('abort', onEnd)
        access.release()
        leave()
      })
    },
    takeSubscription: (actor) =>
      takeEach([
        [onSocket, 'all'],
        [connections.subscriptions, userOf(actor)],
      ]),
    drained: () => (socket.writableNeedDrain ? waitForDrain() : undefined),
  }
}

/** @throws {Refusal} `forbidden` for Loqui itself, which has no sockets. */
export function userOf(actor: Actor): string {
  if (actor.kind === 'system') throw new Refusal('forbidden', 'This can only be done in the name of a user.')
  return actor.userId
}
