import type { IncomingMessage } from 'node:http'
import { Refusal } from '@loqui/core/errors'
import cors from 'cors'

/** Lets pages on the list call with a person's cookie and read the answer, and answers what browsers ask beforehand. */
export const crossOrigin = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    credentials: true,
    exposedHeaders: ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy', 'content-range'],
  })

/**
 * Refuses what another site's page sends with a person's cookie. A page of ours is same-origin or on the list; a request
 * that says nothing of where it comes from and still brings a cookie is no browser's.
 *
 * @throws {Refusal} `origin_forbidden`.
 */
export function checkOrigin(req: IncomingMessage, origins: readonly string[]): void {
  const { origin, cookie, authorization } = req.headers
  const site = req.headers['sec-fetch-site']
  if (origin !== undefined) {
    if (origins.includes(origin)) return
    // Without a cookie it carries no authority but what the page itself was given.
    if (cookie === undefined && authorization !== undefined) return
  } else if (site === 'same-origin' || site === 'none') {
    return
  } else if (site === undefined && cookie === undefined) {
    return
  }
  throw new Refusal(
    'origin_forbidden',
    `Pages from ${origin ?? 'elsewhere'} may not do this. ALLOWED_ORIGINS lists those that may.`,
  )
}
