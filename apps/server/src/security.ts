import helmet from 'helmet'

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
