import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import helmet from 'helmet'
import type { Env } from './env.ts'
import { crossOrigin } from './origin.ts'

/** Headers of every answer. The studio needs nothing but itself, and no other site may frame or embed it. */
export function securityHeaders(publicUrl: URL) {
  const https = publicUrl.protocol === 'https:'
  const socket = `${https ? 'wss' : 'ws'}://${publicUrl.host}`
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        mediaSrc: ["'self'", 'blob:'],
        // Safari before 16 does not count a WebSocket of the same host as 'self'.
        connectSrc: ["'self'", socket],
        manifestSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: true } : false,
  })
}

/**
 * The headers of security and origins for the answer to a call from `origin`. Nothing else decides about them, so they
 * are worked out once instead of for every call, which has less to do than helmet and cors have.
 */
export function createFixedHeaders({ publicUrl, origins }: Pick<Env, 'publicUrl' | 'origins'>) {
  const workOut = (origin: string | undefined): Map<string, string> => {
    const req = new IncomingMessage(new Socket())
    if (origin !== undefined) req.headers.origin = origin
    const res = new ServerResponse(req)
    for (const middleware of [securityHeaders(publicUrl), crossOrigin(origins)]) {
      middleware(req, res, (error: unknown) => {
        if (error) throw error
      })
    }
    return new Map(Object.entries(res.getHeaders()).map(([name, value]) => [name, String(value)]))
  }
  const ofOthers = workOut(undefined)
  const ofOurs = new Map(origins.map((origin) => [origin, workOut(origin)]))
  return (origin: string | undefined) => (origin !== undefined && ofOurs.get(origin)) || ofOthers
}
