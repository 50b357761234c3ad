import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Credentials } from '@loqui/api/context'
import { parseCookie } from 'cookie'

/** Answers a request with its id, which the log has too. One that a proxy in front gave is kept. */
export function giveRequestId(req: IncomingMessage, res: ServerResponse): void {
  const given = headerOf(req, 'x-request-id')
  res.setHeader('x-request-id', given && /^[\w.-]{8,128}$/.test(given) ? given : `req_${randomUUID()}`)
}

export const requestIdOf = (res: ServerResponse) => String(res.getHeader('x-request-id'))

/** A header that Node joins where it came several times. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** How often OpenAI's SDKs say to have tried a call before, which they repeat without an `Idempotency-Key`. */
export function readRetryCount(req: IncomingMessage): number | undefined {
  const count = headerOf(req, 'x-stainless-retry-count')
  return count !== undefined && /^(\d{1,2}|100)$/.test(count) ? Number(count) : undefined
}

/** What is asked for, or `undefined` where target and `Host` make no URL, which Node lets through. */
export function readUrl({ url = '/', headers }: IncomingMessage): URL | undefined {
  return URL.parse(url, `http://${headers.host ?? 'localhost'}`) ?? undefined
}

/** `__Host-` lets no other host or path set it; browsers take it over https only. */
export const sessionCookieName = (secure: boolean) => (secure ? '__Host-loqui' : 'loqui')

export function readCredentials(req: IncomingMessage, cookieName: string): Credentials {
  const bearer = /^bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
  const key = req.headers['xi-api-key']
  return {
    token: bearer ?? (typeof key === 'string' && key !== '' ? key : undefined),
    cookie: parseCookie(req.headers.cookie ?? '')[cookieName],
  }
}

/** Browsers say where a request comes from, and pages cannot change what they say. */
export function isFromBrowser(req: IncomingMessage): boolean {
  return req.headers['sec-fetch-site'] !== undefined || req.headers.origin !== undefined
}
