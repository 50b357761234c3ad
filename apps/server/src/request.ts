import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Credentials } from '@loqui/api/context'
import { parseCookie } from 'cookie'
import type { RequestHandler } from 'express'

/** Answers every request with its id, which the log has too. One that a proxy in front gave is kept. */
export const requestId: RequestHandler = (req, res, next) => {
  const given = req.get('x-request-id')
  const id = given && /^[\w.-]{8,128}$/.test(given) ? given : `req_${randomUUID()}`
  res.locals.requestId = id
  res.setHeader('x-request-id', id)
  next()
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
