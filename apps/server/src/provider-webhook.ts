import type { IncomingMessage } from 'node:http'
import type { Services } from '@loqui/core/context'
import { Refusal } from '@loqui/core/errors'
import { EngineError, type Provider } from '@loqui/engines/engine'
import express, { type RequestHandler } from 'express'

/** A provider sends what it was asked for with it, and its log. */
const limit = '1mb'

/**
 * Takes what a provider sends when a call has ended, and lets the worker that waits for it look. Nobody has to be known for
 * it: what is not signed is refused, and what is signed says no more than that there may be something new.
 */
export function providerWebhook(
  { hints, limits }: Pick<Services, 'hints' | 'limits'>,
  provider: Provider,
  addressOf: (req: IncomingMessage) => string,
): RequestHandler[] {
  const count: RequestHandler = (req, _res, next) => {
    limits.strangers.count(addressOf(req))
    next()
  }
  const receive: RequestHandler = async (req, res) => {
    // `express.raw` leaves it out where there is none.
    const body: Uint8Array = Buffer.isBuffer(req.body) ? req.body : new Uint8Array()
    const message = await provider
      .receive({ headers: req.headers, body }, { signal: AbortSignal.timeout(5_000) })
      .catch((cause: unknown) => {
        if (!(cause instanceof EngineError) && !(cause instanceof DOMException)) throw cause
        throw new Refusal('service_unavailable', 'It cannot be found out now who sent this. Send it again.', { cause })
      })
    if (!message) throw new Refusal('forbidden', 'This was not signed by the provider, or not just now.')
    hints.hint('call', message.callId)
    res.status(204).end()
  }
  return [count, express.raw({ type: () => true, limit }), receive]
}
