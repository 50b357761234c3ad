import { STATUS_CODES } from 'node:http'
import { isAlarm, toRefusal, toTRPCError } from '@loqui/api/errors'
import type { Log } from '@loqui/core/context'
import { type Reason, Refusal } from '@loqui/core/errors'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import type { ErrorRequestHandler, Response } from 'express'
import { showLimits } from './limits.ts'
import { requestIdOf } from './request.ts'

/** Where HTTP says more precisely than tRPC can what is wrong. */
const ownStatuses: Partial<Record<Reason, number>> = { storage_full: 507 }

/** Answers an error as `application/problem+json` (RFC 9457), with Loqui's `reason` in it. */
export function sendProblem(res: Response, log: Log, error: unknown): void {
  const requestId = requestIdOf(res)
  const refusal = ofExpress(error) ?? toRefusal(error, requestId)
  if (isAlarm(refusal)) log.error({ error: refusal.cause, requestId }, 'a request failed')
  if (res.headersSent) {
    res.destroy()
    return
  }
  const status = ownStatuses[refusal.reason] ?? getHTTPStatusCodeFromError(toTRPCError(refusal))
  showLimits(res, refusal.limits)
  if (refusal.retryAfterSeconds !== undefined) res.setHeader('retry-after', refusal.retryAfterSeconds)
  res
    .status(status)
    .type('application/problem+json')
    .set('cache-control', 'no-store')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: STATUS_CODES[status],
        status,
        detail: refusal.message,
        reason: refusal.reason,
        issues: refusal.issues,
        requestId,
      }),
    )
}

/** Express and its parts tell by a `status` what is wrong with a request: a path that is not there or not well-formed. */
function ofExpress(error: unknown): Refusal | undefined {
  if (!(error instanceof Error && 'status' in error && typeof error.status === 'number')) return undefined
  if (error.status === 404 || error.status === 403) return new Refusal('not_found', 'There is nothing here.')
  if (error.status === 413) return new Refusal('payload_too_large', 'The body of the request is too large.')
  if (error.status < 500) return new Refusal('invalid_input', 'The path of the request is not well-formed.')
  return undefined
}

export const problems =
  (log: Log): ErrorRequestHandler =>
  // Express tells an error handler by its four parameters.
  (error, _req, res, _next) =>
    sendProblem(res, log, error)
